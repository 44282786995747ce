"""Rows as JSON text, by templates made once per plan: a page of 2,000 rows costs one format call a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sffdw.sandbox.jsontext import java_double, quote
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.soql.plan import Branches, Children, Compound, Leaf, Node, Parent, Plan

Row = Sequence[Any]
Format = Callable[[Any], str]
ChildTexts = Callable[[Row, int], str]
NULL = "null"
DOUBLES = frozenset({"double", "currency", "percent"})
INTEGERS = frozenset({"int", "long"})


def _text(value: Any) -> str:
    return NULL if value is None else quote(value if isinstance(value, str) else str(value))


def _double(value: Any) -> str:
    return NULL if value is None else java_double(float(value))


def _integer(value: Any) -> str:
    return NULL if value is None else str(int(value))


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _boolean_or_null(value: Any) -> str:
    return NULL if value is None else _boolean(value)


def formatter(kind: str) -> Format:
    """Return the function that writes values of a type."""
    if kind in DOUBLES:
        return _double
    if kind in INTEGERS:
        return _integer
    return _boolean_or_null if kind == "boolean" else _text


class Renderer:
    """Writes the rows of a plan as JSON objects, `depth` levels deep in the answer."""

    def __init__(self, plan: Plan, schema: Schema, *, version: str, pretty: bool, depth: int = 1) -> None:
        self.plan = plan
        self.schema = schema
        self.base = f"/services/data/v{version}/sobjects"
        self.pretty = pretty
        self.depth = depth
        kind = "AggregateResult" if plan.is_grouped else plan.sobject.name
        self._write = self._record(plan.nodes, kind, None if plan.is_grouped else 1, depth)
        self._children: Mapping[int, str] = {}

    def row(self, row: Row, children: Mapping[int, str] | None = None) -> str:
        """Return one row; `children` holds the texts of its subqueries by their place."""
        self._children = children or {}
        return self._write(row)

    def template(self, nodes: Sequence[Node]) -> str:
        """Return the %-template of a record of the plan's object: a place for the id, and one for each node."""
        pairs = [("attributes", self._attributes(self.plan.sobject.name, "%s", self.depth + 1))]
        return self._wrap([*pairs, *((node.key, "%s") for node in nodes)], self.depth)

    # Layout

    def _wrap(self, pairs: list[tuple[str, str]], depth: int) -> str:
        """Return a %-template of an object whose values are given as templates."""
        if not self.pretty:
            return "{" + ",".join(f"{_escaped(quote(key))}:{value}" for key, value in pairs) + "}"
        pad = "\n" + "  " * (depth + 1)
        return (
            "{" + ",".join(f"{pad}{_escaped(quote(key))} : {value}" for key, value in pairs) + "\n" + "  " * depth + "}"
        )

    def _attributes(self, object_name: str, url: str | None, depth: int) -> str:
        pairs = [("type", _escaped(quote(object_name)))]
        if url is not None:
            pairs.append(("url", f'"{self.base}/{object_name}/{url}"'))
        return self._wrap(pairs, depth)

    def _record(self, nodes: list[Node], object_name: str, id_index: int | None, depth: int) -> Callable[[Row], str]:
        attributes = self._attributes(object_name, None if id_index is None else "%s", depth + 1)
        pairs = [("attributes", attributes)]
        writers: list[Callable[[Row], str]] = [] if id_index is None else [_plain(id_index)]
        for node in nodes:
            pairs.append((node.key, "%s"))
            writers.append(self._node(node, depth + 1))
        template = self._wrap(pairs, depth)
        return _fill(template, writers)

    # Nodes

    def _node(self, node: Node, depth: int) -> Callable[[Row], str]:
        match node:
            case Leaf():
                return self._leaf(node)
            case Compound():
                return self._compound(node, depth)
            case Parent():
                return self._parent(node, depth)
            case Branches():
                return self._branches(node, depth)
            case Children():
                return lambda row: self._children.get(node.place, NULL)

    def _leaf(self, node: Leaf) -> Callable[[Row], str]:
        index = node.index
        if node.type == "base64" and node.source is not None and not self.plan.is_grouped:
            path = f"{self.base}/{self.plan.sobject.name}"
            name = node.source.name
            return lambda row: NULL if row[index] is None else quote(f"{path}/{row[1]}/{name}")
        write = formatter(node.type)
        return lambda row: write(row[index])

    def _compound(self, node: Compound, depth: int) -> Callable[[Row], str]:
        template = self._wrap([(name, "%s") for name, _ in node.parts], depth)
        indexes = [index for _, index in node.parts]
        formats = [formatter(kind) for kind in node.types]

        def write(row: Row) -> str:
            values = [row[index] for index in indexes]
            if all(value is None for value in values):
                return NULL
            return template % tuple([write_part(value) for write_part, value in zip(formats, values, strict=True)])

        return write

    def _parent(self, node: Parent, depth: int) -> Callable[[Row], str]:
        if node.type_index is not None:
            return self._polymorphic(node, depth)
        record = self._record(node.nodes, node.object_name, node.id_index, depth)
        index = node.id_index
        return lambda row: NULL if row[index] is None else record(row)

    def _polymorphic(self, node: Parent, depth: int) -> Callable[[Row], str]:
        """A parent whose object is known from the id's prefix only."""
        known: dict[str, Callable[[Row], str]] = {}
        index = node.id_index

        def write(row: Row) -> str:
            record_id = row[index]
            if record_id is None:
                return NULL
            prefix = record_id[:3]
            if prefix not in known:
                sobject = self.schema.by_prefix(prefix)
                known[prefix] = self._record(node.nodes, sobject.name if sobject else "Name", index, depth)
            return known[prefix](row)

        return write

    def _branches(self, node: Branches, depth: int) -> Callable[[Row], str]:
        by_prefix = {prefix: self._parent(parent, depth) for prefix, parent in node.by_prefix.items()}
        otherwise = self._parent(node.otherwise, depth) if node.otherwise is not None else self._bare(node, depth)
        index = node.id_index

        def write(row: Row) -> str:
            return NULL if row[index] is None else by_prefix.get(row[index][:3], otherwise)(row)

        return write

    def _bare(self, node: Branches, depth: int) -> Callable[[Row], str]:
        """A record of a type that no branch names: attributes only."""
        return self._polymorphic(Parent(node.key, "Name", node.id_index, [], node.id_index), depth)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _plain(index: int) -> Callable[[Row], str]:
    return itemgetter(index)


def _fill(template: str, writers: list[Callable[[Row], str]]) -> Callable[[Row], str]:
    return lambda row: template % tuple([write(row) for write in writers])


def result_text(
    records: Sequence[str], total: int, *, pretty: bool, depth: int = 0, next_url: str | None = None
) -> str:
    """Return a QueryResult around the texts of its records."""
    done = "true" if next_url is None else "false"
    if not pretty:
        following = "" if next_url is None else f',"nextRecordsUrl":{quote(next_url)}'
        return f'{{"totalSize":{total},"done":{done}{following},"records":[{",".join(records)}]}}'
    pad = "\n" + "  " * (depth + 1)
    following = "" if next_url is None else f',{pad}"nextRecordsUrl" : {quote(next_url)}'
    listed = f"[ {', '.join(records)} ]" if records else "[ ]"
    end = "\n" + "  " * depth + "}"
    return f'{{{pad}"totalSize" : {total},{pad}"done" : {done}{following},{pad}"records" : {listed}{end}'
