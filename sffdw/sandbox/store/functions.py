"""Functions and rules of text that SQLite lacks and SOQL needs; all are pure."""

import math
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sffdw.sandbox.formula import primitives
from sffdw.sandbox.jsontext import java_double
from sffdw.sandbox.store.masks import masked

_EARTH_RADIUS = {"mi": 3958.7613, "km": 6371.0088}
_LIKE_ESCAPE = "\\"


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, count, function in (
        ("sf_upper", 1, upper),
        ("sf_like", 2, like),
        ("sf_distance", 5, distance),
        ("sf_local", 2, local_text),
        ("sf_includes", 2, includes),
        ("sf_same_set", 2, same_set),
        ("sf_format", 2, formatted),
        ("sf_double", 1, java_text),
        ("sf_masked", 3, masked),
        ("sf_money", 6, money),
    ):
        connection.create_function(name, count, function, deterministic=True)
    primitives.register(connection)


def upper(text: str | None) -> str | None:
    """Fold case for comparing and sorting: upper case, as in Salesforce's English locale sort."""
    return text.upper() if isinstance(text, str) else text


def like(pattern: str, text: str | None) -> int:
    """Match a LIKE pattern of which letters beyond ASCII take part in case folding."""
    return int(isinstance(text, str) and _matcher(pattern)(text.upper()) is not None)


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    parts, index = [], 0
    folded = pattern.upper()
    while index < len(folded):
        character = folded[index]
        if character == _LIKE_ESCAPE and index + 1 < len(folded):
            index += 1
            parts.append(re.escape(folded[index]))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
        index += 1
    return re.compile("".join(parts), re.DOTALL).fullmatch


def distance(lat1: float | None, lon1: float | None, lat2: float, lon2: float, unit: str) -> float | None:
    """Return the great-circle distance of two points, None when one is unknown."""
    if lat1 is None or lon1 is None:
        return None
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_chord = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS[unit] * math.asin(min(1.0, math.sqrt(half_chord)))


def local_text(stored: str | None, zone: str) -> str | None:
    """Shift a stored dateTime into a time zone, keeping its text form."""
    if stored is None:
        return None
    moment = datetime.strptime(stored[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def includes(stored: str | None, wanted: str) -> int:
    """Tell whether a multi-select value holds every value of `wanted` (`A;B`)."""
    if stored is None:
        return 0
    return int(_value_set(wanted) <= _value_set(stored))


def same_set(stored: str | None, wanted: str) -> int:
    """Tell whether a multi-select value is exactly the values of `wanted`."""
    return int(stored is not None and _value_set(wanted) == _value_set(stored))


@lru_cache(maxsize=1024)
def _value_set(text: str) -> frozenset[str]:
    return frozenset(part.strip().upper() for part in text.split(";") if part.strip())


def formatted(value: object, kind: str) -> str | None:
    """Show a value as the en_US locale does."""
    if value is None:
        return None
    if kind == "currency":
        return f"${value:,.2f}"
    if kind in {"double", "percent", "int", "long"}:
        return f"{value:,.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    text = str(value)
    if kind == "date":
        return _us_date(text)
    if kind == "datetime":
        moment = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
        hour = moment.hour % 12 or 12
        return f"{_us_date(text)}, {hour}:{moment:%M} {moment:%p}"
    return text


def money(
    value: float | None, code: str, places: int, theirs: float | None, user_code: str, user_places: int
) -> str | None:
    """Show an amount with its currency, and behind it in the user's currency where that is another."""
    if value is None:
        return None
    shown = f"{code} {value:,.{places}f}"
    return shown if code == user_code else f"{shown} ({user_code} {theirs:,.{user_places}f})"


def java_text(value: object) -> str | None:
    """Write a double as Java does."""
    return java_double(float(value)) if isinstance(value, int | float) else None


def _us_date(text: str) -> str:
    return f"{int(text[5:7])}/{int(text[8:10])}/{int(text[:4])}"
