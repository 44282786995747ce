"""Literals checked against the type they are compared with, in the form the store keeps."""

from __future__ import annotations

from decimal import Decimal

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.names import Statement, Typed

_QUOTED = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring"}
)
_NUMBERS = {"int": "int", "long": "long", "double": "double", "currency": "double", "percent": "double"}


def comparable(left: Typed, literal: ast.Literal, name: str, pos: int, statement: Statement) -> object:
    """Return a literal's stored form, None for null; raises INVALID_FIELD when it is of another type."""
    if isinstance(literal, ast.Null):
        return None
    if left.type in {"id", "reference"}:
        return _id(literal, name, pos, statement)
    if left.type in _NUMBERS:
        return _number(left, literal, name, pos, statement)
    if left.type == "boolean":
        if isinstance(literal, ast.Boolean):
            return int(literal.value)
        raise _criterion(name, "boolean", False, pos, statement)
    if left.type in {"date", "datetime", "time"}:
        return _moment(left, literal, name, pos, statement)
    if isinstance(literal, ast.Text):
        return literal.value.strip() or None
    raise _criterion(name, "string", True, pos, statement)


def _criterion(name: str, kind: str, is_quoted: bool, pos: int, statement: Statement) -> SoqlError:
    quotes = "should be" if is_quoted else "should not be"
    message = f"value of filter criterion for field '{name}' must be of type {kind} and {quotes} enclosed in quotes"
    return statement.error("INVALID_FIELD", message, pos)


def _id(literal: ast.Literal, name: str, pos: int, statement: Statement) -> str | None:
    if not isinstance(literal, ast.Text):
        raise _criterion(name, "ID", True, pos, statement)
    text = literal.value.strip()
    if not text:
        return None
    record_id = ids.normalise(text)
    if record_id is None:
        raise statement.error("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}", pos)
    return record_id


def _number(left: Typed, literal: ast.Literal, name: str, pos: int, statement: Statement) -> float | int:
    match literal:
        case ast.Number():
            number = literal.value
        case ast.Currency() if left.type == "currency":
            number = literal.amount
        case _:
            raise _criterion(name, _NUMBERS[left.type], False, pos, statement)
    if left.type in {"int", "long"} and number != number.to_integral_value():
        raise _criterion(name, _NUMBERS[left.type], False, pos, statement)
    return _as_stored(number)


def _as_stored(number: Decimal) -> float | int:
    return int(number) if number == number.to_integral_value() and abs(number) < 2**53 else float(number)


def _moment(left: Typed, literal: ast.Literal, name: str, pos: int, statement: Statement) -> str:
    kind = {"datetime": "dateTime"}.get(left.type, left.type)
    if not isinstance(literal, ast.Moment) or literal.kind != left.type:
        raise _criterion(name, kind, False, pos, statement)
    stored = moment_text(literal)
    if stored is None:
        raise statement.error("MALFORMED_QUERY", f"invalid {kind}: {literal.text}", literal.pos)
    return stored


def moment_text(literal: ast.Moment) -> str | None:
    """Return the stored text of a date, dateTime (cut to the second) or time literal; None when it is not one."""
    match literal.kind:
        case "date":
            day = stamps.parse_date(literal.text)
            return day.isoformat() if day else None
        case "datetime":
            moment = stamps.parse_datetime(literal.text)
            return stamps.to_text(moment) if moment else None
    return stamps.parse_time(literal.text)
