"""SOQL by plain Python, row by row: what the contract says and nothing of the engine.

Conditions, orders and groups are data (see `statements`), records are dictionaries by field name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Record = Mapping[str, Any]
Getter = Callable[[Record], Any]


@dataclass
class World:
    """All records of an org by object, active and deleted, and what day it is."""

    records: dict[str, list[dict[str, Any]]]
    now: datetime
    user_id: str
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_id = {record["Id"]: record for rows in self.records.values() for record in rows}

    def of(self, name: str, *, deleted_too: bool = False) -> list[dict[str, Any]]:
        """Return the records of an object in the order they were made."""
        return [record for record in self.records[name] if deleted_too or not record["IsDeleted"]]

    def get(self, record: Record, path: Sequence[str]) -> Any:
        """Follow reference fields to a value; a missing parent's values are null."""
        for name in path[:-1]:
            found = self.by_id.get(record[name]) if record.get(name) else None
            if found is None:
                return None
            record = found
        return record.get(path[-1])


# Comparison


def fold(value: Any) -> Any:
    """Make text comparable without regard to case."""
    return value.upper() if isinstance(value, str) else value


def compare(operator: str, left: Any, right: Any, kind: str) -> bool:
    """Compare by SOQL's rules: null equals null only, and `!=` is true for null."""
    if kind == "boolean":
        left, right = bool(left), bool(right)
    if kind == "text":
        left, right = fold(left), fold(right)
    if operator == "=":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    if left is None or right is None:
        return False
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def like(value: Any, pattern: str) -> bool:
    r"""Match `%`, `_` and their escapes."""
    if value is None:
        return False
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1].upper())) for part in parts)
    return re.fullmatch(regex, fold(value), re.DOTALL) is not None


def values_of(text: str | None) -> set[str]:
    """Split a multi-select value."""
    return {part.upper() for part in (text or "").split(";") if part}


def in_range(operator: str, value: str | None, days: tuple[date, date]) -> bool:
    """Compare a date or dateTime text with a range of days in UTC, its end excluded."""
    if value is None:
        return operator == "!="
    day = value[:10]
    first, end = days[0].isoformat(), days[1].isoformat()
    return {
        "=": first <= day < end,
        "!=": not first <= day < end,
        "<": day < first,
        "<=": day < end,
        ">": day >= end,
        ">=": day >= first,
    }[operator]


def month_start(day: date, months: int) -> date:
    """Return the first day of the month that many months on."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def literal_days(name: str, count: int, today: date) -> tuple[date, date]:
    """Return the days of a date literal; weeks begin on Sunday."""
    week = today - timedelta(days=(today.weekday() + 1) % 7)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    one = timedelta(days=1)
    match name:
        case "TODAY" | "YESTERDAY" | "TOMORROW":
            start = today + {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name] * one
            return start, start + one
        case "LAST_WEEK" | "THIS_WEEK" | "NEXT_WEEK":
            start = week + {"LAST": -7, "THIS": 0, "NEXT": 7}[name[:4]] * one
            return start, start + 7 * one
        case "LAST_MONTH" | "THIS_MONTH" | "NEXT_MONTH":
            step = {"LAST": -1, "THIS": 0, "NEXT": 1}[name[:4]]
            return month_start(today, step), month_start(today, step + 1)
        case "LAST_QUARTER" | "THIS_QUARTER" | "NEXT_QUARTER":
            step = {"LAST": -3, "THIS": 0, "NEXT": 3}[name[:4]]
            return month_start(quarter, step), month_start(quarter, step + 3)
        case "LAST_YEAR" | "THIS_YEAR" | "NEXT_YEAR":
            year = today.year + {"LAST": -1, "THIS": 0, "NEXT": 1}[name[:4]]
            return date(year, 1, 1), date(year + 1, 1, 1)
        case "LAST_N_DAYS":
            return today - count * one, today + one
        case "NEXT_N_DAYS":
            return today + one, today + (count + 1) * one
        case "N_DAYS_AGO":
            return today - count * one, today - (count - 1) * one
        case "LAST_N_MONTHS":
            return month_start(today, -count), month_start(today, 0)
        case "NEXT_N_MONTHS":
            return month_start(today, 1), month_start(today, count + 1)
        case "LAST_N_WEEKS":
            return week - 7 * count * one, week
        case "LAST_N_YEARS":
            return date(today.year - count, 1, 1), date(today.year, 1, 1)
    raise AssertionError(name)


def date_part(name: str, value: str | None) -> int | str | None:
    """Return a part of a date or dateTime text, in UTC."""
    if value is None:
        return None
    day = date.fromisoformat(value[:10])
    in_year = day.timetuple().tm_yday
    return {
        "CALENDAR_YEAR": day.year,
        "CALENDAR_MONTH": day.month,
        "CALENDAR_QUARTER": (day.month + 2) // 3,
        "DAY_IN_MONTH": day.day,
        "DAY_IN_WEEK": day.isoweekday() % 7 + 1,
        "DAY_IN_YEAR": in_year,
        "WEEK_IN_MONTH": (day.day + 6) // 7,
        "WEEK_IN_YEAR": (in_year + 6) // 7,
        "HOUR_IN_DAY": int(value[11:13] or 0),
        "DAY_ONLY": value[:10],
    }[name]


def kilometres(lat1: float | None, lon1: float | None, lat2: float, lon2: float) -> float | None:
    """Return the distance of two points on the globe by the law of cosines."""
    if lat1 is None or lon1 is None:
        return None
    a, b, delta = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(delta)
    return 6371.0088 * math.acos(max(-1.0, min(1.0, cosine)))


# Order and groups


def ordered(rows: Iterable[Any], keys: Sequence[tuple[Getter, str, bool, bool]]) -> list[Any]:
    """Sort stably by (getter, kind, is_descending, nulls_first), the first key being the strongest."""
    found = list(rows)
    for key in reversed(keys):
        found = _sorted_by(found, *key)
    return found


def _sorted_by(rows: list[Any], getter: Getter, kind: str, is_descending: bool, nulls_first: bool) -> list[Any]:
    nulls = [row for row in rows if getter(row) is None]
    others = [row for row in rows if getter(row) is not None]
    # Python's reverse sort keeps the order of equals, as wanted.
    others.sort(key=lambda row: _sort_key(getter(row), kind), reverse=is_descending)
    return nulls + others if nulls_first else others + nulls


def _sort_key(value: Any, kind: str) -> Any:
    return value.upper().encode() if kind == "text" else value


def aggregate(name: str, values: Sequence[Any]) -> Any:
    """Aggregate the values that are not null."""
    known = [value for value in values if value is not None]
    match name:
        case "COUNT":
            return len(known)
        case "COUNT_DISTINCT":
            return len({fold(value) for value in known})
        case "SUM":
            return math.fsum(known) if known else None
        case "AVG":
            return math.fsum(known) / len(known) if known else None
    if not known:
        return None
    if isinstance(known[0], str):
        best = (min if name == "MIN" else max)(value.upper() for value in known)
        return next(value for value in known if value.upper() == best)
    return (min if name == "MIN" else max)(known)
