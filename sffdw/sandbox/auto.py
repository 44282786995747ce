"""--auto-schema: objects and fields that a statement names and the org lacks are made; literals suggest the types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.schema import SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.functions import AGGREGATES, DATE_FUNCTIONS
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.parser import parse

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

_NUMERIC_AGGREGATES = frozenset({"SUM", "AVG"})


@dataclass
class _Wanted:
    """What statements say about one object that does not exist yet."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


class Teacher:
    """Adds to an org's schema what statements take for granted."""

    def __init__(self, org: Org) -> None:
        self._org = org

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
        return found or self._define({"name": name, "fields": []})

    def _define(self, definition: dict[str, Any]) -> SObject:
        if not definition["name"].endswith("__c"):
            definition = {"keyPrefix": self._free_prefix(), **definition}
        changes = self._org.schema.define(definition)
        self._org.store.follow(changes)
        return self._org.schema[definition["name"]]

    def _free_prefix(self) -> str:
        """Standard objects need a stated prefix: take one of a range Salesforce has not used."""
        number = 0
        while self._org.schema.by_prefix(f"z{number:02d}") is not None:
            number += 1
        return f"z{number:02d}"

    # One query

    def _query(self, query: ast.Query, sobject: SObject) -> None:
        aliases = {source.alias.lower() for source in query.sources if source.alias} | {sobject.name.lower()}
        for item in query.items:
            match item:
                case ast.Column():
                    self._expression(item.expression, sobject, aliases, "string")
                case ast.Subquery():
                    self._children(item.query, sobject)
                case ast.TypeOf():
                    self._typeof(item, sobject, aliases)
        for expression, kind in _filtered(query.where):
            self._expression(expression, sobject, aliases, kind)
        for join in _semi_joins(query.where):
            self._query(join.query, self.object(join.query.sources[0].path.parts[-1]))
        for order in query.order:
            self._expression(order.expression, sobject, aliases, "string")
        for key in query.group.items if query.group else ():
            self._expression(key, sobject, aliases, "string")

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
        if sobject.field(parts[-1]) is None:
            self._add(sobject, _field(parts[-1], kind))

    def _parent(self, sobject: SObject, name: str) -> SObject:
        found = self._org.schema.parent(sobject.name, name)
        if found is None:
            target = self.object(f"{name[:-3]}__c" if name.endswith("__r") else name).name
            own = f"{name[:-1]}c" if name.endswith("__r") else f"{name}Id"
            if sobject.field(own) is None:
                self._add(
                    sobject, {"name": own, "type": "reference", "referenceTo": [target], "relationshipName": name}
                )
            found = self._org.schema.parent(sobject.name, name)
        return found[1][0] if found and found[1] else self.object(name)

    def _children(self, query: ast.Query, parent: SObject) -> None:
        name = query.sources[0].path.parts[-1]
        known = self._org.schema.child(parent.name, name)
        if known is None:
            stem = name[:-3].rstrip("s") + "__c" if name.endswith("__r") else name.rstrip("s")
            child = self.object(stem)
            reference = {
                "name": f"{parent.name.removesuffix('__c')}_{name.removesuffix('__r')}__c",
                "type": "reference",
            }
            self._add(child, {**reference, "referenceTo": [parent.name], "childRelationshipName": name})
            known = self._org.schema.child(parent.name, name)
        if known is not None:
            self._query(query, self._org.schema[known.child_object])

    def _typeof(self, item: ast.TypeOf, sobject: SObject, aliases: set[str]) -> None:
        for branch in item.branches:
            target = self.object(branch.object_name)
            for path in branch.columns:
                self._path(path.parts, target, aliases, "string")

    def _add(self, sobject: SObject, definition: dict[str, Any]) -> None:
        changes = self._org.schema.alter(sobject.name, {"add_fields": [definition]})
        self._org.store.follow(changes)


def _field(name: str, kind: str) -> dict[str, Any]:
    if kind == "location":
        return {"name": name, "type": "location"}
    return {"name": name, "type": kind} | ({"length": 255} if kind == "string" else {})


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
