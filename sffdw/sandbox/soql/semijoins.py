"""Semi-joins and anti-joins: `field [NOT] IN (SELECT …)`, with the limits Salesforce puts on them."""

from __future__ import annotations

from collections.abc import Iterator

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.filters import Filter
from sffdw.sandbox.soql.functions import compile_expression
from sffdw.sandbox.soql.names import Scope, Typed
from sffdw.sandbox.soql.rows import visible_sql
from sffdw.sandbox.store.tables import table_name

MAX_SEMI_JOINS = 2
_NOT_INSIDE = frozenset(
    {"activityhistory", "attachments", "attachment", "event", "events", "note", "openactivity", "tags", "task"}
)
_KEYS = frozenset({"id", "reference"})


def semi_join_sql(condition: ast.SemiJoin, scope: Scope) -> str:
    """Return the SQL of a semi-join whose shape `check_semi_joins` has accepted."""
    left = _outer_key(condition, scope)
    inner = Scope(
        scope.statement,
        scope.statement.object(condition.query.sources[0].path.text, condition.query.sources[0].path.pos),
        condition.query.sources,
    )
    if inner.sobject.name.lower() in _NOT_INSIDE:
        raise _refused(
            scope, f"Entity '{inner.sobject.name}' is not supported for semi join inner selects", condition.pos
        )
    if inner.sobject.name == scope.sobject.name and not left.through and left.type == "id":
        raise _refused(scope, "The inner and outer selects should not be on the same object type", condition.pos)
    selected = _inner_key(condition, inner)
    _check_same_object(condition, left, selected, scope)
    where = Filter(inner).sql(condition.query.where) if condition.query.where is not None else "1"
    rows = (
        f"SELECT {selected.sql} FROM {table_name(inner.sobject)} {inner.alias}{inner.joins_sql()} "
        f"WHERE {visible_sql(inner)} AND {where} AND {selected.sql} IS NOT NULL"
    )
    if condition.is_negated:
        return f"({left.sql} IS NULL OR {left.sql} NOT IN ({rows}))"
    return f"({left.sql} IN ({rows}))"


def _refused(scope: Scope, text: str, pos: int) -> Exception:
    return scope.statement.error("MALFORMED_QUERY", text, pos)


def _outer_key(condition: ast.SemiJoin, scope: Scope) -> Typed:
    left = compile_expression(condition.left, scope)
    if left.type not in _KEYS:
        shown = left.field.name if left.field else "expression"
        raise _refused(
            scope,
            f"The left operand field '{shown}' in the where expression should be a reference or id field",
            condition.pos,
        )
    if left.through:
        raise _refused(scope, "The left operand of a semi join sub-select cannot use a relationship", condition.pos)
    return left


def _inner_key(condition: ast.SemiJoin, inner: Scope) -> Typed:
    item = condition.query.items[0]
    assert isinstance(item, ast.Column)
    selected = compile_expression(item.expression, inner)
    if selected.type not in _KEYS:
        shown = selected.field.name if selected.field else "expression"
        raise _refused(inner, f"Semi join sub-selects can only query id fields, cannot use: '{shown}'", item.pos)
    if selected.through:
        raise _refused(inner, "Semi join sub-selects cannot select relationship fields", item.pos)
    return selected


def _check_same_object(condition: ast.SemiJoin, left: Typed, selected: Typed, scope: Scope) -> None:
    if not _pointed_at(left) & _pointed_at(selected):
        shown = selected.field.name if selected.field else "Id"
        raise _refused(
            scope,
            f"The selected field '{shown}' in the subquery and the left operand field in the where expression "
            f"in the outer query '{left.field.name if left.field else 'Id'}' should point to the same object type",
            condition.pos,
        )


def _pointed_at(key: Typed) -> set[str]:
    if key.type == "id" and key.sobject is not None:
        return {key.sobject.name}
    return set(key.field.reference_to) if key.field else set()


def check_semi_joins(query: ast.Query, scope: Scope) -> None:
    """Refuse semi-joins where Salesforce does: more than two, nested, under OR or NOT, with their own ordering."""
    found = list(_semi_joins(query.where, ""))
    if len(found) > MAX_SEMI_JOINS:
        raise _refused(scope, f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed", found[-1][0].pos)
    for join, above in found:
        if above:
            raise _refused(scope, f"Semi join sub-selects are not allowed with the '{above}' operator", join.pos)
        _check_inner(join, scope)


def _semi_joins(condition: ast.Condition | None, above: str) -> Iterator[tuple[ast.SemiJoin, str]]:
    match condition:
        case ast.SemiJoin():
            yield condition, above
        case ast.And():
            for part in condition.parts:
                yield from _semi_joins(part, above)
        case ast.Or():
            for part in condition.parts:
                yield from _semi_joins(part, above or "OR")
        case ast.Not():
            yield from _semi_joins(condition.part, above or "NOT")


def _check_inner(join: ast.SemiJoin, scope: Scope) -> None:
    inner = join.query
    if any(True for _ in _semi_joins(inner.where, "")):
        raise _refused(scope, "Nesting of semi join sub-selects is not supported", join.pos)
    if inner.is_count or len(inner.items) != 1 or not isinstance(inner.items[0], ast.Column):
        raise _refused(scope, "Semi join sub-selects can only query one id field", join.pos)
    if inner.order or inner.limit is not None or inner.offset is not None or inner.group is not None:
        raise _refused(scope, "ORDER BY, LIMIT and GROUP BY are not allowed in semi join sub-selects", join.pos)
