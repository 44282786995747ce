"""Conditions as SQL, with SOQL's two-valued logic: a comparison with null is false, `!=` and NOT are true then."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.currencies import in_currency
from sffdw.sandbox.soql.dateranges import bounds, to_moments
from sffdw.sandbox.soql.functions import NUMERIC, compile_expression, holds_conversion, is_aggregate
from sffdw.sandbox.soql.literals import comparable, moment_text
from sffdw.sandbox.soql.names import Scope, Typed

MAX_LITERAL = 4000
_TEXTLIKE = frozenset(
    {"string", "textarea", "picklist", "combobox", "email", "phone", "url", "encryptedstring", "anyType", "json"}
)
_COLUMN = re.compile(r't\d+\.(?:"[^"]+"|_deleted)')
_FEW = 50
_ORDERED = {"<", "<=", ">", ">="}


class Filter:
    """Compiles the conditions of one SELECT; semi-joins are compiled by `semijoins`."""

    def __init__(self, scope: Scope, *, in_having: bool = False) -> None:
        self.scope = scope
        self.statement = scope.statement
        self.in_having = in_having

    def sql(self, condition: ast.Condition) -> str:
        """Return a condition that is true or not (false and NULL alike)."""
        match condition:
            case ast.And():
                return joined([self.sql(part) for part in condition.parts], "AND")
            case ast.Or():
                return self._or(condition)
            case ast.Not():
                return f"(NOT ifnull({self.sql(condition.part)}, 0))"
            case ast.Compare():
                return self._compare(condition)
            case ast.Membership():
                return self._membership(condition)
            case ast.SemiJoin():
                from sffdw.sandbox.soql.semijoins import semi_join_sql

                return semi_join_sql(condition, self.scope)

    def _or(self, condition: ast.Or) -> str:
        whole = joined([self.sql(part) for part in condition.parts], "OR")
        bound = self._keyset_bound(condition)
        return f"({bound} AND {whole})" if bound else whole

    def _keyset_bound(self, condition: ast.Or) -> str | None:
        """Add `f >= x` to `f > x OR (f = x AND …)`, so that an index on f finds where a page begins."""
        if len(condition.parts) != 2:
            return None
        first, second = condition.parts
        if not isinstance(first, ast.Compare) or first.operator not in {">", "<"} or not isinstance(second, ast.And):
            return None
        tie = second.parts[0]
        if not isinstance(tie, ast.Compare) or tie.operator != "=" or isinstance(first.right, ast.DateRange):
            return None
        if not (isinstance(first.left, ast.Path) and isinstance(tie.left, ast.Path)):
            return None
        value = _plain(first.right)
        if value is None or first.left.parts != tie.left.parts or value != _plain(tie.right):
            return None
        return self.sql(ast.Compare(first.left, first.operator + "=", first.right, first.pos))

    # One field

    def _left(self, expression: ast.Expression, pos: int) -> Typed:
        if is_aggregate(expression) and not self.in_having:
            raise self.statement.error(
                "MALFORMED_QUERY", "Aggregate functions are not allowed in the WHERE clause", pos
            )
        if holds_conversion(expression):
            raise self.statement.error(
                "MALFORMED_QUERY", "convertCurrency cannot be used in the WHERE or HAVING clause", pos
            )
        left = compile_expression(expression, self.scope)
        if left.field is not None and not left.field.filterable and isinstance(expression, ast.Path):
            raise self.statement.error(
                "INVALID_FIELD", f"field '{left.field.name}' can not be filtered in a query call", pos
            )
        if isinstance(expression, ast.Call) and expression.name.upper() == "FORMAT":
            raise self.statement.error("MALFORMED_QUERY", "FORMAT is not allowed in the WHERE clause", pos)
        if left.type == "boolean" and left.through:
            # The boolean of a missing parent is null, and null means false.
            left = replace(left, sql=f"ifnull({left.sql}, 0)")
        if left.type in {"address", "location"}:
            raise self.statement.error(
                "INVALID_FIELD", f"field '{expression_text(expression)}' can not be filtered in a query call", pos
            )
        return left

    def _compare(self, condition: ast.Compare) -> str:
        left = self._left(condition.left, condition.pos)
        operator, right = condition.operator, condition.right
        if operator == "LIKE":
            return self._like(left, condition)
        self._check_operator(left, condition)
        if left.type == "multipicklist":
            return self._multipicklist(left, condition)
        if isinstance(right, ast.DateRange):
            return self._date_range(left, operator, right, condition.pos)
        if isinstance(right, ast.Currency):
            left = self._in_currency(left, right)
        value = self._value(left, right, condition.left)
        if value is None:
            return self._null(left, operator, right)
        return self._comparison(left, operator, value)

    def _check_operator(self, left: Typed, condition: ast.Compare) -> None:
        """Booleans have no order, and distances are never the same."""
        kind = "geolocation" if isinstance(condition.left, ast.Distance) else left.type
        refused = {"boolean": _ORDERED, "geolocation": {"=", "!=", "<=", ">="}}.get(kind, set())
        if condition.operator in refused:
            message = f"invalid operator on {kind} field"
            raise self.statement.error("INVALID_QUERY_FILTER_OPERATOR", message, condition.pos)

    def _in_currency(self, left: Typed, literal: ast.Currency) -> Typed:
        """Convert an amount to the currency of a literal; an org of one currency compares the bare numbers."""
        currencies = self.statement.settings.currencies
        if currencies is None or left.type != "currency":
            return left
        if left.currency:
            raise self.statement.error(
                "MALFORMED_QUERY", "ISO currency codes cannot be used with aggregate functions", literal.pos
            )
        if literal.code not in currencies.active:
            text = f"Invalid currency ISO code '{literal.code}': it is no active currency of the organization"
            raise self.statement.error("MALFORMED_QUERY", text, literal.pos)
        # Rounded, for an amount and its equivalent to be equal.
        return replace(left, sql=f"round({in_currency(left, literal.code, self.scope)}, 6)", currency=literal.code)

    def _comparison(self, left: Typed, operator: str, value: object) -> str:
        if isinstance(value, str) and left.type in _TEXTLIKE and not _is_case_sensitive(left):
            if operator in _ORDERED or not value.isascii():
                return f"{_null_safe(f'sf_upper({left.sql})', operator, self.statement.bind(value.upper()))}"
            return _null_safe(_folded(left), operator, self.statement.bind(value))
        return _null_safe(left.sql, operator, self.statement.bind(value))

    def _null(self, left: Typed, operator: str, right: ast.Literal) -> str:
        if left.type == "boolean":
            return f"({left.sql} = 0)" if operator == "=" else f"({left.sql} <> 0)"
        if operator == "=":
            return f"({left.sql} IS NULL)"
        if operator == "!=":
            return f"({left.sql} IS NOT NULL)"
        if left.type in {"id", "reference"} and isinstance(right, ast.Text) and operator in {">", ">="}:
            return f"({left.sql} IS NOT NULL)"
        return "(0)"

    def _value(self, left: Typed, literal: ast.Literal, expression: ast.Expression) -> object:
        if isinstance(literal, ast.Text):
            self._check_length(literal)
        return comparable(left, literal, expression_text(expression), expression.pos, self.statement)

    def _check_length(self, literal: ast.Text) -> None:
        if len(literal.value) > MAX_LITERAL:
            raise self.statement.error(
                "MALFORMED_QUERY", f"string literal too long: maximum is {MAX_LITERAL} characters", literal.pos
            )

    # Dates

    def _date_range(self, left: Typed, operator: str, literal: ast.DateRange, pos: int) -> str:
        if left.type not in {"date", "datetime"}:
            raise self.statement.error("MALFORMED_QUERY", f"unexpected token: '{literal.name}'", literal.pos)
        first, end = self._range(left, literal)
        match operator:
            case "=":
                return f"({left.sql} >= {first} AND {left.sql} < {end})"
            case "!=":
                return f"({left.sql} IS NULL OR {left.sql} < {first} OR {left.sql} >= {end})"
            case "<" | ">=":
                return f"({left.sql} {operator} {first})"
            case "<=":
                return f"({left.sql} < {end})"
        return f"({left.sql} >= {end})"

    def _range(self, left: Typed, literal: ast.DateRange) -> tuple[str, str]:
        days = bounds(literal, self.statement.settings)
        bind = self.statement.bind
        if left.type == "date":
            return bind(days[0].isoformat()), bind(days[1].isoformat())
        first, end = to_moments(days, self.statement.settings)
        return bind(first), bind(end)

    # LIKE, lists, multi-select

    def _like(self, left: Typed, condition: ast.Compare) -> str:
        right = condition.right
        if left.type not in _TEXTLIKE:
            kind = type_name(left)
            raise self.statement.error(
                "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field", condition.pos
            )
        if isinstance(right, ast.Null):
            return "(0)"
        if not isinstance(right, ast.Text):
            self._value(left, right, condition.left)
            raise self.statement.error("MALFORMED_QUERY", "LIKE requires a string", right.pos)
        if not right.value:
            return f"({left.sql} IS NULL)"
        self._check_length(right)
        pattern = self.statement.bind(right.pattern)
        if not right.pattern.isascii():
            return f"sf_like({pattern}, {left.sql})"
        escape = " ESCAPE '\\'" if "\\" in right.pattern else ""
        return f"({left.sql} LIKE {pattern}{escape})"

    def _membership(self, condition: ast.Membership) -> str:
        left = self._left(condition.left, condition.pos)
        if condition.operator in {"INCLUDES", "EXCLUDES"}:
            return self._includes(left, condition)
        if left.type == "multipicklist":
            return self._multipicklist_list(left, condition)
        amounts = [value for value in condition.values if isinstance(value, ast.Currency)]
        if amounts and left.type == "currency" and self.statement.settings.currencies is not None:
            return self._amounts(left, condition, amounts)
        is_negated = condition.operator == "NOT IN"
        ranges = [value for value in condition.values if isinstance(value, ast.DateRange)]
        plain = [value for value in condition.values if not isinstance(value, ast.DateRange)]
        values = [self._value(left, value, condition.left) for value in plain]
        parts = [self._date_range(left, "=", value, condition.pos) for value in ranges]
        parts += self._any_of(left, values)
        if any(value is None for value in values):
            parts.append(self._null(left, "=", ast.Null(condition.pos)))
        found = joined(parts, "OR")
        return f"(NOT ifnull({found}, 0))" if is_negated else found

    def _amounts(self, left: Typed, condition: ast.Membership, amounts: list[ast.Currency]) -> str:
        """Compare with amounts that name their currencies; a list names them all or none."""
        if len(amounts) < len(condition.values):
            text = "values with and without ISO currency codes cannot be mixed"
            raise self.statement.error("MALFORMED_QUERY", text, condition.pos)
        parts = [self._compare(ast.Compare(condition.left, "=", value, condition.pos)) for value in amounts]
        found = joined(parts, "OR")
        return f"(NOT ifnull({found}, 0))" if condition.operator == "NOT IN" else found

    def _any_of(self, left: Typed, values: list[object]) -> list[str]:
        known = [value for value in values if value is not None]
        if not known:
            return []
        is_folded = left.type in _TEXTLIKE and not _is_case_sensitive(left)
        beyond = [value for value in known if is_folded and isinstance(value, str) and not value.isascii()]
        simple = [value for value in known if value not in beyond]
        parts = []
        if simple:
            compared = _folded(left) if is_folded else left.sql
            parts.append(f"{compared} IN ({self._values(simple)})")
        if beyond:
            marks = ", ".join(self.statement.bind(str(value).upper()) for value in beyond)
            parts.append(f"sf_upper({left.sql}) IN ({marks})")
        return parts

    def _values(self, values: list[object]) -> str:
        """Bind a list: one by one, or as one value when it is long, since SQLite looks names up one after another."""
        if len(values) <= _FEW:
            return ", ".join(self.statement.bind(value) for value in values)
        return f"SELECT value FROM json_each({self.statement.bind(json.dumps(values))})"

    def _includes(self, left: Typed, condition: ast.Membership) -> str:
        if left.type != "multipicklist":
            message = (
                f"includes/excludes can only be used on multi-select picklist fields: {expression_text(condition.left)}"
            )
            raise self.statement.error("INVALID_QUERY_FILTER_OPERATOR", message, condition.pos)
        parts = []
        for value in condition.values:
            if isinstance(value, ast.Null) or (isinstance(value, ast.Text) and not value.value):
                parts.append(f"{left.sql} IS NULL")
            elif isinstance(value, ast.Text):
                parts.append(f"sf_includes({left.sql}, {self.statement.bind(value.value)})")
            else:
                raise self.statement.error("MALFORMED_QUERY", "INCLUDES requires strings", value.pos)
        found = joined(parts, "OR")
        return f"(NOT {found})" if condition.operator == "EXCLUDES" else found

    def _multipicklist(self, left: Typed, condition: ast.Compare) -> str:
        if condition.operator in _ORDERED:
            message = f"multiple select picklist field requires includes/excludes: {expression_text(condition.left)}"
            raise self.statement.error("INVALID_QUERY_FILTER_OPERATOR", message, condition.pos)
        same = self._same_set(left, condition.right)
        return same if condition.operator == "=" else f"(NOT {same})"

    def _multipicklist_list(self, left: Typed, condition: ast.Membership) -> str:
        found = joined([self._same_set(left, value) for value in condition.values], "OR")
        return f"(NOT {found})" if condition.operator == "NOT IN" else found

    def _same_set(self, left: Typed, value: ast.Literal) -> str:
        if isinstance(value, ast.Null) or (isinstance(value, ast.Text) and not value.value):
            return f"({left.sql} IS NULL)"
        if not isinstance(value, ast.Text):
            raise self.statement.error("MALFORMED_QUERY", "a multi-select picklist compares with strings", value.pos)
        return f"sf_same_set({left.sql}, {self.statement.bind(value.value)})"


def joined(parts: list[str], word: str) -> str:
    """Join conditions as a balanced tree: SQLite limits how deep an expression may be."""
    if len(parts) <= 8:
        return "(" + f" {word} ".join(parts) + ")"
    middle = len(parts) // 2
    return f"({joined(parts[:middle], word)} {word} {joined(parts[middle:], word)})"


def _null_safe(sql: str, operator: str, mark: str) -> str:
    return f"({sql} IS NOT {mark})" if operator == "!=" else f"({sql} {operator} {mark})"


def _folded(left: Typed) -> str:
    """Return text that compares without regard to case; columns do so by themselves, computed text does not."""
    return left.sql if _COLUMN.fullmatch(left.sql) else f"{left.sql} COLLATE NOCASE"


def _is_case_sensitive(left: Typed) -> bool:
    return left.field is not None and left.field.case_sensitive


def _plain(literal: ast.Literal) -> object:
    """Return what a literal says, wherever it stands; None for one that says nothing."""
    match literal:
        case ast.Currency():
            return literal.code, literal.amount
        case ast.Moment():
            return moment_text(literal)
        case ast.Text() | ast.Number() | ast.Boolean():
            return literal.value
    return None


def expression_text(expression: ast.Expression) -> str:
    """Return an expression as messages name it."""
    match expression:
        case ast.Path():
            return expression.text
        case ast.Call():
            return f"{expression.name}({', '.join(expression_text(inner) for inner in expression.args)})"
    return "DISTANCE"


def type_name(left: Typed) -> str:
    """Return a type as messages name it."""
    if left.type in NUMERIC:
        return "double" if left.type not in {"int", "long"} else left.type
    return {"id": "id", "reference": "id", "datetime": "dateTime"}.get(left.type, left.type)
