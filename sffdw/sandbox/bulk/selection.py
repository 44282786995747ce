"""The statement of a bulk query: what it may not hold, and its columns in SELECT order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sffdw.sandbox.bulk.unsupported import check_supported
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.compiler import QueryCompiler
from sffdw.sandbox.soql.functions import compile_expression, is_aggregate
from sffdw.sandbox.soql.limits import check_limits
from sffdw.sandbox.soql.names import Scope, Statement, Typed
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.plan import Plan
from sffdw.sandbox.soql.settings import Settings

_SORTED_BEFORE = 50.0  # up to v49 columns came in alphabetical order


@dataclass(frozen=True)
class Column:
    """One column of the result."""

    header: str
    sql: str
    type: str


@dataclass(frozen=True)
class BulkQuery:
    """A compiled statement; the plan says what is read, the columns how it is shown."""

    plan: Plan
    columns: tuple[Column, ...]
    is_chunked: bool  # by primary key: not with LIMIT or ORDER BY


def compile_bulk(text: str, schema: Schema, settings: Settings, *, allows_typeof: bool = False) -> BulkQuery:
    """Parse, check and compile a statement; raises ApiError with the Bulk APIs' codes."""
    check_limits(text)
    query = parse(text)
    statement = Statement(text, schema, settings)
    source = query.sources[0].path
    sobject = statement.object(source.text, source.pos)
    check_supported(sobject)
    _check_clauses(query, allows_typeof=allows_typeof)
    compiler = QueryCompiler(statement, query, sobject)
    try:
        plan = compiler.plan()
    except ApiError as error:
        if error.message.startswith("Implementation restriction"):
            raise ApiError("API_ERROR", error.message) from None
        raise
    if plan.is_grouped:
        raise _refuse("Date functions outside of WHERE are")
    columns = _columns(query, compiler.scope)
    if settings.api_version < _SORTED_BEFORE:
        columns = sorted(columns, key=lambda column: column.header.lower())
    return BulkQuery(plan, tuple(columns), query.limit is None and not query.order)


def _refuse(what: str) -> ApiError:
    return ApiError("FUNCTIONALITY_NOT_ENABLED", f"{what} not supported in Bulk Query")


def _check_clauses(query: ast.Query, *, allows_typeof: bool) -> None:
    if query.is_count or any(isinstance(item, ast.Column) and is_aggregate(item.expression) for item in query.items):
        raise _refuse("Aggregate functions are")
    if query.group is not None:
        raise _refuse("GROUP BY is")
    if query.offset is not None:
        raise _refuse("OFFSET is")
    for item in query.items:
        if isinstance(item, ast.Subquery):
            raise _refuse("Aggregate Relationships")
        if isinstance(item, ast.TypeOf) and not allows_typeof:
            raise _refuse("TYPEOF is")
        if isinstance(item, ast.Fields) and item.group != "STANDARD":
            raise ApiError("MALFORMED_QUERY", f"The SOQL FIELDS({item.group}) function is not supported in this API")


def _columns(query: ast.Query, scope: Scope) -> list[Column]:
    columns: list[Column] = []
    for item in query.items:
        if isinstance(item, ast.Column):
            column = _column(item.expression, compile_expression(item.expression, scope))
            columns.append(replace(column, header=item.alias) if item.alias else column)
        elif isinstance(item, ast.Fields):
            columns += _standard_fields(item, scope)
    return columns


def _column(expression: ast.Expression, typed: Typed) -> Column:
    found = typed.field
    if found is not None and found.is_compound:
        raise ApiError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
    if typed.type == "base64":
        raise _refuse("Binary fields")
    path = [join.key for join in typed.through]
    if isinstance(expression, ast.Path):
        name = found.name if found is not None else expression.parts[-1]
        return Column(".".join([*path, name]), typed.sql, typed.type)
    return Column(_call_header(expression), typed.sql, typed.type)


def _call_header(expression: ast.Expression) -> str:
    """Name a function's column by the field inside, as REST does with its keys."""
    while isinstance(expression, ast.Call):
        expression = expression.args[0]
    return expression.text if isinstance(expression, ast.Path) else expression.location.text


def _standard_fields(item: ast.Fields, scope: Scope) -> list[Column]:
    """Return the columns of FIELDS(STANDARD), less those that the Bulk APIs cannot show."""
    access = scope.statement.settings.access
    names = [
        found.name
        for found in scope.sobject.visible_fields
        if not (found.custom or found.is_compound or found.type == "base64")
        and access.find_field(scope.sobject, found.name)
    ]
    paths = [ast.Path((name,), item.pos) for name in names]
    return [_column(path, scope.resolve(path)) for path in paths]
