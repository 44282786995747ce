"""Pure functions that formula SQL calls; None in, None out."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    functions: dict[str, tuple[int, Callable[..., Any]]] = {
        "sf_power": (2, power),
        "sf_days": (1, days),
        "sf_shift": (2, shift),
        "sf_text": (2, text),
        "sf_number": (1, number),
        "sf_lower": (1, str.lower),
        "sf_right": (2, right),
        "sf_pad": (4, pad),
        "sf_regex": (2, regex),
        "sf_round": (2, rounded),
        "sf_ceiling": (1, ceiling),
        "sf_floor": (1, math.floor),
        "sf_mod": (2, modulo),
        "sf_date": (3, make_date),
        "sf_add_months": (2, add_months),
    }
    for name, (count, function) in functions.items():
        connection.create_function(name, count, _strict(function), deterministic=True)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return None if any(arg is None for arg in args) else function(*args)

    return call


def power(base: float, exponent: float) -> float | None:
    """Raise to a power; None where there is no real result."""
    try:
        result = base**exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(result, complex) else float(result)


def _moment(stored: str) -> datetime:
    form = "%Y-%m-%dT%H:%M:%S" if "T" in stored else "%Y-%m-%d"
    return datetime.strptime(stored[:19], form).replace(tzinfo=UTC)


def days(stored: str) -> float:
    """Return a date or dateTime as days, with fractions."""
    return _moment(stored).timestamp() / 86400


def shift(stored: str, count: float) -> str | None:
    """Move a date or dateTime by days."""
    try:
        moved = _moment(stored) + timedelta(days=count)
    except OverflowError:
        return None
    return moved.strftime("%Y-%m-%dT%H:%M:%S.000+0000") if "T" in stored else moved.date().isoformat()


def text(value: Any, kind: str) -> str:
    """Write a value as TEXT() does."""
    if kind == "number":
        return f"{Decimal(str(value)).normalize():f}"
    if kind == "datetime":
        return f"{str(value)[:10]} {str(value)[11:19]}Z"
    return ("true" if value else "false") if kind == "boolean" else str(value)


def number(value: str) -> float | None:
    """Read a number; None when it is none."""
    try:
        return float(Decimal(value.strip()))
    except InvalidOperation:
        return None


def right(value: str, count: float) -> str:
    """Return the last characters."""
    return value[-int(count) :] if count >= 1 else ""


def pad(value: str, length: float, filler: str, is_left: int) -> str:
    """Fill up to a length, or cut to it."""
    size = int(length)
    if len(value) >= size:
        return value[:size]
    fill = ((filler or " ") * size)[: size - len(value)]
    return fill + value if is_left else value + fill


def regex(value: str, pattern: str) -> int:
    """Tell whether the whole text matches."""
    return int(_pattern(pattern).fullmatch(value) is not None)


@lru_cache(maxsize=128)
def _pattern(text_: str) -> re.Pattern[str]:
    return re.compile(text_)


def rounded(value: float, places: int) -> float:
    """Round half away from zero."""
    return float(Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def ceiling(value: float) -> int:
    """Round away from zero, as Salesforce's CEILING does."""
    return math.ceil(value) if value >= 0 else math.floor(value)


def modulo(value: float, divisor: float) -> float | None:
    """Return the remainder with the sign of the value."""
    return math.fmod(value, divisor) if divisor else None


def make_date(year: float, month: float, day: float) -> str | None:
    """Make a date; None for one that does not exist."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def add_months(stored: str, count: float) -> str:
    """Move by months; the last day of a month stays the last day."""
    day = date.fromisoformat(stored[:10])
    months = day.year * 12 + day.month - 1 + int(count)
    first = date(months // 12, months % 12 + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    is_last = (day + timedelta(days=1)).month != day.month
    return last.isoformat() if is_last else first.replace(day=min(day.day, last.day)).isoformat()
