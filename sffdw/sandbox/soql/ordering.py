"""ORDER BY: case-insensitive text, picklists in setup order, nulls first unless said otherwise."""

from __future__ import annotations

from dataclasses import replace

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.currencies import in_currency
from sffdw.sandbox.soql.functions import compile_expression, holds_conversion
from sffdw.sandbox.soql.names import Scope, Typed

MAX_ORDER_FIELDS = 32
_PLAIN_TYPES = frozenset(
    {"id", "reference", "boolean", "int", "long", "double", "currency", "percent", "date", "datetime", "time"}
)


def order_sql(items: tuple[ast.Order, ...], scope: Scope) -> str:
    """Return the ORDER BY list; it always ends with what makes the order total."""
    settings = scope.statement.settings
    if not items:
        if settings.shuffle_seed is None:
            return f"{scope.alias}._row"
        return f"(({scope.alias}._row + {settings.shuffle_seed}) * 2654435761) % 4294967296"
    if len(items) > MAX_ORDER_FIELDS:
        raise scope.statement.error(
            "MALFORMED_QUERY", "Maximum number of fields in ORDER BY exceeded: 32", items[-1].pos
        )
    parts = [item_sql(item, _sortable(item, scope), scope) for item in items]
    last = items[-1].expression
    if not (isinstance(last, ast.Path) and last.parts[-1].lower() == "id" and len(last.parts) == 1):
        parts.append(f"{scope.alias}._row")
    return ", ".join(parts)


def _sortable(item: ast.Order, scope: Scope) -> Typed:
    if holds_conversion(item.expression):
        raise scope.statement.error("MALFORMED_QUERY", "convertCurrency cannot be used with ORDER BY", item.pos)
    typed = compile_expression(item.expression, scope)
    if typed.field is not None and not typed.field.sortable and isinstance(item.expression, ast.Path):
        raise scope.statement.error(
            "INVALID_FIELD", f"field '{typed.field.name}' can not be sorted in a query call", item.pos
        )
    currencies = scope.statement.settings.currencies
    if typed.type == "currency" and currencies is not None:
        return replace(typed, sql=in_currency(typed, currencies.corporate, scope))
    return typed


def item_sql(item: ast.Order, typed: Typed, scope: Scope) -> str:
    """Return one item of the list."""
    direction = "DESC" if item.is_descending else "ASC"
    nulls = item.nulls or ("LAST" if item.is_descending and scope.statement.settings.descending_nulls_last else "FIRST")
    return f"{sort_key(typed)} {direction} NULLS {nulls}"


def sort_key(typed: Typed) -> str:
    """Return the expression by which values of a type are sorted."""
    if typed.type in _PLAIN_TYPES:
        return typed.sql
    if typed.type == "picklist" and typed.field is not None and typed.field.picklist_values:
        return _setup_order(typed)
    return f"sf_upper({typed.sql})"


def _setup_order(typed: Typed) -> str:
    assert typed.field is not None
    whens = " ".join(
        "WHEN '{}' THEN {}".format(known.value.upper().replace("'", "''"), place)
        for place, known in enumerate(typed.field.picklist_values)
    )
    # Values outside the list come after it, by text: a number sorts before any text in SQLite.
    return f"CASE sf_upper({typed.sql}) {whens} ELSE sf_upper({typed.sql}) END"
