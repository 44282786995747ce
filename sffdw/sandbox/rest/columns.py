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
    nodes = [column for node in plan.nodes for column in _columns(node)]
    selected = any(isinstance(node, Leaf) and node.key == "Id" for node in plan.nodes)
    return {
        "columnMetadata": nodes,
        "entityName": plan.sobject.name,
        "groupBy": plan.is_grouped,
        "idSelected": selected,
        "keyPrefix": plan.sobject.key_prefix,
    }


def _columns(node: Node) -> list[dict[str, Any]]:
    match node:
        case Leaf():
            return [_leaf(node)]
        case Compound():
            return [_column(node.key, "address")]
        case Parent():
            inner = [column for child in node.nodes for column in _columns(child)]
            return [_column(node.key, None, foreign_key=node.reference, joined=inner)]
        case Children():
            inner = [column for child in node.plan.nodes for column in _columns(child)]
            return [_column(node.key, None, joined=inner) | {"aggregate": True}]
        case Branches():
            return [_column(node.key, None, foreign_key=node.reference)]


def _leaf(leaf: Leaf) -> dict[str, Any]:
    column = _column(leaf.key, leaf.type)
    if leaf.function is not None:
        return column | {"aggregate": True, "apexType": None, "displayName": leaf.function}
    source = leaf.source
    return column | {
        "custom": bool(source and source.custom),
        "insertable": bool(source and source.createable),
        "updatable": bool(source and source.updateable),
    }


def _column(
    name: str, kind: str | None, *, foreign_key: str | None = None, joined: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Describe a column of a kind; parents and children have none."""
    return {
        "aggregate": False,
        "apexType": _apex(kind),
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": False,
        "displayName": name,
        "foreignKeyName": foreign_key,
        "insertable": False,
        "joinColumns": joined or [],
        "numberType": kind in _NUMBERS,
        "textType": kind in _TEXT,
        "updatable": False,
    }


def _apex(kind: str | None) -> str | None:
    if kind is None:
        return None
    return _APEX.get(kind, "complexvaluetype" if kind in {"complexvalue", "address"} else "String")
