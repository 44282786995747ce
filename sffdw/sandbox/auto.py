"""--auto-schema: objects and fields that a statement names and the org lacks are made; literals suggest the types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.schema import SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.functions import AGGREGATES, DATE_FUNCTIONS
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.parser import parse

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

_NUMERIC_AGGREGATES = frozenset({"SUM", "AVG"})


class Teacher:
    """Adds to an org's schema what statements take for granted."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._made: set[tuple[str, str]] = set()  # fields whose types are guesses

    def learn(self, statement: str) -> None:
        """Make what a statement names; one that cannot be parsed teaches nothing."""
        try:
            query = parse(statement)
        except SoqlError:
            return
        with self._org.change_lock:
            self._query(query, self.object(query.sources[0].path.parts[-1]))

    def object(self, name: str) -> SObject:
        """Return an object, made if it is missing."""
        found = self._org.schema.get(name)
        if found is None:
            # Only custom objects get a key prefix of their own.
            self._org.store.follow(self._org.schema.define({"name": name, "custom": True, "fields": []}))
        return found or self._org.schema[name]

    # One query

    def _query(self, query: ast.Query, sobject: SObject) -> None:
        aliases = {source.alias.lower() for source in query.sources if source.alias} | {sobject.name.lower()}
        for expression, kind in _stated(query):
            self._expression(expression, sobject, aliases, kind)
        for join in _semi_joins(query.where):
            self._semi_join(join, sobject)
        for item in query.items:
            match item:
                case ast.Subquery():
                    self._children(item.query, sobject)
                case ast.TypeOf():
                    self._typeof(item)

    def _semi_join(self, join: ast.SemiJoin, outer: SObject) -> None:
        """Make the inner object; what it selects points to the outer one, or the outer field to it."""
        inner = self.object(join.query.sources[0].path.parts[-1])
        selected = join.query.items[0].expression if isinstance(join.query.items[0], ast.Column) else None
        for holder, field, target in ((inner, selected, outer), (outer, join.left, inner)):
            if isinstance(field, ast.Path) and field.parts[-1].lower() != "id" and len(field.parts) == 1:
                self._ensure(holder.name, field.parts[0], "reference", referenceTo=[target.name])
                break
        self._query(join.query, inner)

    def _expression(self, expression: ast.Expression, sobject: SObject, aliases: set[str], kind: str) -> None:
        match expression:
            case ast.Path():
                self._path(expression.parts, sobject, aliases, kind)
            case ast.Distance():
                self._path(expression.location.parts, sobject, aliases, "location")
            case ast.Call():
                name = expression.name.upper()
                inner = "datetime" if name in DATE_FUNCTIONS else "double" if name in _NUMERIC_AGGREGATES else kind
                inner = (
                    "currency"
                    if name == "CONVERTCURRENCY"
                    else "string"
                    if name in AGGREGATES and inner == kind
                    else inner
                )
                for argument in expression.args:
                    self._expression(argument, sobject, aliases, inner)

    def _path(self, parts: tuple[str, ...], sobject: SObject, aliases: set[str], kind: str) -> None:
        if len(parts) > 1 and parts[0].lower() in aliases and sobject.relationship(parts[0]) is None:
            parts = parts[1:]
        for name in parts[:-1]:
            sobject = self._parent(sobject, name)
        self._ensure(sobject.name, parts[-1], kind)

    def _ensure(self, object_name: str, name: str, kind: str, **stated: Any) -> None:
        """Make a field, or give one that was made so, and holds nothing yet, the type this statement suggests."""
        known = self._org.schema[object_name].stored_field(name)
        key = (object_name.lower(), name.lower())
        if known is None:
            self._alter(object_name, {"add_fields": _definitions(name, kind, stated)})
            self._made.add(key)
        elif kind not in {"string", known.type} and key in self._made and self._is_empty(object_name):
            first, *more = _definitions(known.name, kind, stated)
            self._alter(object_name, {"alter_fields": [first], "add_fields": more})

    def _is_empty(self, object_name: str) -> bool:
        return self._org.store.count(self._org.schema[object_name]) == 0

    def _parent(self, sobject: SObject, name: str) -> SObject:
        found = self._org.schema.parent(sobject.name, name)
        if found is None:
            is_custom = name.endswith("__r")
            target = self.object(f"{name[:-3]}__c" if is_custom else name).name
            own = f"{name[:-1]}c" if is_custom else f"{name}Id"
            self._ensure(sobject.name, own, "reference", referenceTo=[target], relationshipName=name)
            found = self._org.schema.parent(sobject.name, name)
        return found[1][0] if found and found[1] else self.object(name)

    def _children(self, query: ast.Query, parent: SObject) -> None:
        name = query.sources[0].path.parts[-1]
        known = self._org.schema.child(parent.name, name)
        if known is None:
            child = self.object(name[:-3].rstrip("s") + "__c" if name.endswith("__r") else name.rstrip("s"))
            own = f"{parent.name.removesuffix('__c')}_{name.removesuffix('__r')}__c"
            stated = {"referenceTo": [parent.name], "childRelationshipName": name}
            self._ensure(child.name, own, "reference", **stated)
            known = self._org.schema.child(parent.name, name)
        if known is not None:
            self._query(query, self._org.schema[known.child_object])

    def _typeof(self, item: ast.TypeOf) -> None:
        for branch in item.branches:
            target = self.object(branch.object_name)
            for path in branch.columns:
                self._path(path.parts, target, set(), "string")

    def _alter(self, object_name: str, operations: dict[str, Any]) -> None:
        self._org.store.follow(self._org.schema.alter(object_name, operations))


def _definitions(name: str, kind: str, stated: dict[str, Any]) -> list[dict[str, Any]]:
    if kind == "location":
        stem = name[:-3] if name.endswith("__c") else f"{name}_of"
        parts = [f"{stem}__Latitude__s", f"{stem}__Longitude__s"]
        inner = [{"name": part, "type": "double", "scale": 15, "compoundFieldName": name} for part in parts]
        return [{"name": name, "type": kind}, *inner]
    return [{"name": name, "type": kind, **stated} | ({"length": 255} if kind == "string" else {})]


def _stated(query: ast.Query) -> Iterator[tuple[ast.Expression, str]]:
    """Yield every expression of a query, those whose type is known from a literal first."""
    yield from _filtered(query.where)
    for item in query.items:
        if isinstance(item, ast.Column):
            yield item.expression, "string"
    for order in query.order:
        yield order.expression, "string"
    for key in query.group.items if query.group else ():
        yield key, "string"


def _filtered(condition: ast.Condition | None) -> Iterator[tuple[ast.Expression, str]]:
    """Yield each compared expression with the type its literal suggests."""
    match condition:
        case ast.And(parts=parts) | ast.Or(parts=parts):
            for part in parts:
                yield from _filtered(part)
        case ast.Not():
            yield from _filtered(condition.part)
        case ast.Compare():
            yield condition.left, _suggested(condition.right)
        case ast.Membership():
            is_set = condition.operator in {"INCLUDES", "EXCLUDES"}
            yield condition.left, "multipicklist" if is_set else _suggested(condition.values[0])
        case ast.SemiJoin():
            yield condition.left, "string"


def _suggested(literal: ast.Literal) -> str:
    match literal:
        case ast.Number():
            return "double"
        case ast.Currency():
            return "currency"
        case ast.Boolean():
            return "boolean"
        case ast.Moment():
            return literal.kind
        case ast.DateRange():
            return "date"
    return "string"


def _semi_joins(condition: ast.Condition | None) -> Iterator[ast.SemiJoin]:
    match condition:
        case ast.And(parts=parts) | ast.Or(parts=parts):
            for part in parts:
                yield from _semi_joins(part)
        case ast.Not():
            yield from _semi_joins(condition.part)
        case ast.SemiJoin():
            yield condition
