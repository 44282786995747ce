"""The answer of `?columns=true`: what the columns of a query are, as `sf data query` asks before it prints."""

from __future__ import annotations

from typing import Any

from sffdw.sandbox.soql.plan import Branches, Children, Compound, Leaf, Node, Parent, Plan

_TEXT = frozenset(
    {
        "string",
        "textarea",
        "picklist",
        "multipicklist",
        "combobox",
        "email",
        "phone",
        "url",
        "id",
        "reference",
        "encryptedstring",
    }
)
_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
_APEX = {
    "boolean": "Boolean",
    "int": "Integer",
    "long": "Long",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "time": "Time",
    "id": "Id",
    "reference": "Id",
    "base64": "Blob",
}


def column_metadata(plan: Plan) -> dict[str, Any]:
    """Describe the columns of a compiled statement."""
    nodes = [column for node in plan.nodes for column in _columns(node, is_aggregate=plan.is_grouped)]
    selected = any(isinstance(node, Leaf) and node.key == "Id" for node in plan.nodes)
    return {
        "columnMetadata": nodes,
        "entityName": plan.sobject.name,
        "groupBy": plan.is_grouped,
        "idSelected": selected,
        "keyPrefix": plan.sobject.key_prefix,
    }


def _columns(node: Node, *, is_aggregate: bool) -> list[dict[str, Any]]:
    match node:
        case Leaf():
            kind = node.type
            custom = bool(node.source and node.source.custom)
            return [_column(node.key, kind, custom, is_aggregate=is_aggregate and node.source is None, leaf=node)]
        case Compound():
            return [_column(node.key, "address", False)]
        case Parent():
            inner = [column for child in node.nodes for column in _columns(child, is_aggregate=False)]
            return [_column(node.key, "reference", False, foreign_key=node.key, joined=inner)]
        case Children():
            inner = [column for child in node.plan.nodes for column in _columns(child, is_aggregate=False)]
            return [_column(node.key, "complexvalue", False, is_aggregate=True, joined=inner)]
        case Branches():
            return [_column(node.key, "reference", False, foreign_key=node.key)]


def _column(
    name: str,
    kind: str,
    custom: bool,
    *,
    is_aggregate: bool = False,
    leaf: Leaf | None = None,
    foreign_key: str | None = None,
    joined: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    source = leaf.source if leaf else None
    return {
        "aggregate": is_aggregate,
        "apexType": _APEX.get(kind, "complexvaluetype" if kind in {"complexvalue", "address"} else "String"),
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": custom,
        "displayName": name,
        "foreignKeyName": foreign_key,
        "insertable": bool(source and source.createable),
        "joinColumns": joined or [],
        "numberType": kind in _NUMBERS,
        "textType": kind in _TEXT,
        "updatable": bool(source and source.updateable),
    }
