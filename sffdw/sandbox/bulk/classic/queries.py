"""Carrying a batch with a query out: the result in CSV, JSON or XML."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from sffdw.sandbox import stamps
from sffdw.sandbox.bulk.classic.documents import NAMESPACE, XML_HEAD
from sffdw.sandbox.bulk.extraction import Layout, extract
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.runs import Run
from sffdw.sandbox.bulk.selection import BulkQuery
from sffdw.sandbox.jsontext import java_double
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.soql.plan import Leaf, Node, Parent, Plan
from sffdw.sandbox.soql.render import NULL, Renderer, Row

_FETCH_ROWS = 1_000
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_DOUBLES = frozenset({"double", "currency", "percent"})


def run_query(
    query: BulkQuery, connection: sqlite3.Connection, content_type: str, run: Run, schema: Schema, version: str
) -> ResultFile:
    """Write the result of a query in the job's form and close the connection."""
    if content_type == "CSV":
        return extract(query, connection, Layout(), run)
    if content_type == "JSON":
        renderer = JsonRecords(query.plan, schema, version=version, pretty=True, depth=0)
        return _write(query.plan, connection, run, renderer.row, ("[ ", ", ", " ]"))
    head = f'{XML_HEAD}<queryResult\n   xmlns="{NAMESPACE}" {_XSI}>\n'
    writer = XmlRecords(query.plan, schema)
    return _write(query.plan, connection, run, writer.row, (head, "", "</queryResult>"))


def _write(
    plan: Plan,
    connection: sqlite3.Connection,
    run: Run,
    write: Callable[[Row], str],
    around: tuple[str, str, str],
) -> ResultFile:
    start, between, end = around
    result = ResultFile(start.encode())
    try:
        cursor = connection.execute(plan.rows_sql(), plan.params)
        while rows := cursor.fetchmany(_FETCH_ROWS):
            run.check()
            texts = [(between if run.processed or place else "") + write(row) for place, row in enumerate(rows)]
            result.append([text.encode("utf-8", "surrogatepass") for text in texts])
            run.processed += len(rows)
    finally:
        connection.close()
    result.append([end.encode()])
    return result


def _epoch_ms(text: str) -> str:
    """Return a date or dateTime as JSON results of Bulk API 1.0 show it."""
    moment = stamps.from_text(text if "T" in text else f"{text}T00:00:00")
    return str(int(moment.timestamp()) * 1000)


class JsonRecords(Renderer):
    """Records as REST writes them, but dates and times as milliseconds since 1970."""

    def _leaf(self, node: Leaf) -> Callable[[Row], str]:
        if node.type not in {"date", "datetime"}:
            return super()._leaf(node)
        index = node.index
        return lambda row: NULL if row[index] is None else _epoch_ms(row[index])


class XmlRecords:
    """Records as XML elements, parents nested."""

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._plan = plan
        self._schema = schema

    def row(self, row: Row) -> str:
        """Return one record."""
        inner = self._inner(row, self._plan.nodes, self._plan.sobject.name, row[1])
        return f' <records xsi:type="sObject">\n{inner} </records>\n'

    def _inner(self, row: Row, nodes: Sequence[Node], kind: str, record_id: str | None) -> str:
        shown = "" if record_id is None else f"  <Id>{record_id}</Id>\n"
        parts = "".join(self._node(row, node) for node in nodes)
        return f"  <type>{kind}</type>\n{shown}{parts}"

    def _node(self, row: Row, node: Node) -> str:
        key = node.key
        if isinstance(node, Leaf):
            value = row[node.index]
            return f'  <{key} xsi:nil="true"/>\n' if value is None else f"  <{key}>{_text(node.type, value)}</{key}>\n"
        assert isinstance(node, Parent)  # the other kinds are refused in bulk queries
        parent_id = row[node.id_index]
        if parent_id is None:
            return f'  <{key} xsi:nil="true"/>\n'
        found = self._schema.by_prefix(parent_id) if node.type_index is not None else None
        kind = found.name if found is not None else node.object_name
        return f'  <{key} xsi:type="sObject">\n{self._inner(row, node.nodes, kind, None)}  </{key}>\n'


def _text(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "datetime":
        return str(value).replace("+0000", "Z")
    return java_double(float(value)) if kind in _DOUBLES else escape(str(value))
