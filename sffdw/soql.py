"""SOQL text: literals that cannot break out of their place, and statements put together from checked parts.

Names inside statements come from describe or from options.field_path; values only through the functions here.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sffdw.types import utc

MAX_STATEMENT_CHARS = 100_000
MAX_LITERAL_CHARS = 4_000
# Digits up to which Salesforce's floating point numbers are certain to compare as written.
MAX_SAFE_DIGITS = 15
ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quoted(text: str) -> str:
    """A string literal; every character that has a meaning inside one, or is a control character, is escaped."""
    return "'" + "".join(map(_escaped, text)) + "'"


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    return f"\\u{ord(char):04x}" if char < " " or char == "\x7f" else char


def like_literal(pattern: str) -> str | None:
    """PostgreSQL's LIKE pattern as SOQL's, matching at least the same; None when it cannot be said.

    A literal backslash becomes `_`: what `\\\\` means inside a SOQL pattern is not documented.
    """
    parts = []
    chars = iter(pattern)
    for char in chars:
        if char in "%_":
            parts.append(char)
            continue
        if char == "\\":
            char = next(chars, "")
            if not char:
                return None
        parts.append("\\" + char if char in "%_" else "_" if char == "\\" else _escaped(char))
    text = "".join(parts)
    return f"'{text}'" if len(text) <= MAX_LITERAL_CHARS else None


def number(value: int | Decimal) -> str | None:
    """A numeric literal without exponent; None for what Salesforce might round before it compares."""
    exact = Decimal(value)
    if not exact.is_finite():
        return None
    digits, exponent = exact.normalize().as_tuple()[1:]
    if not isinstance(exponent, int) or len(digits) > MAX_SAFE_DIGITS or not -18 <= exponent <= 18:
        return None
    return format(exact.normalize() if exact else Decimal(0), "f")


def date(value: dt.date) -> str:
    return value.isoformat()


def moment(value: dt.datetime) -> str:
    """A dateTime literal, cut to the second, at which SOQL compares."""
    return f"{utc(value):%Y-%m-%dT%H:%M:%S}Z"


def clock_time(value: dt.time) -> str:
    """A time literal, cut to the millisecond."""
    return f"{value:%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def boolean(value: bool) -> str:
    return "true" if value else "false"


@dataclass(frozen=True)
class Select:
    """One statement. Conditions are joined by AND; each must be a simple term or stand in parentheses."""

    fields: tuple[str, ...]
    object: str
    where: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None

    def text(self) -> str:
        parts = [f"SELECT {', '.join(self.fields)} FROM {self.object}"]
        if self.where:
            parts.append(f"WHERE {' AND '.join(self.where)}")
        if self.order_by:
            parts.append(f"ORDER BY {', '.join(self.order_by)}")
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}")
        return " ".join(parts)
