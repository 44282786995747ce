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
from zoneinfo import ZoneInfo

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


def local(value: str, zone: ZoneInfo) -> str:
    """Return a dateTime text as clocks in a zone show it; a date stays what it is."""
    if len(value) == 10:
        return value
    moment = datetime.fromisoformat(value.replace("+0000", "+00:00")).astimezone(zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def in_range(operator: str, value: str | None, days: tuple[date, date], zone: ZoneInfo) -> bool:
    """Compare a date or dateTime text with a range of days of a zone, its end excluded."""
    if value is None:
        return operator == "!="
    day = local(value, zone)[:10]
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


def unit_start(unit: str, today: date, steps: int, fiscal_start: int) -> date:
    """Return the first day of the unit that many units on; weeks begin on Sunday."""
    match unit:
        case "DAY":
            return today + timedelta(days=steps)
        case "WEEK":
            return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(days=7 * steps)
        case "MONTH":
            return month_start(today, steps)
    first = fiscal_start if unit.startswith("FISCAL") else 1
    length = 3 if unit.endswith("QUARTER") else 12
    return month_start(today, -((today.month - first) % 12 % length) + length * steps)


FIXED = {"TODAY": (0, 1), "YESTERDAY": (-1, 0), "TOMORROW": (1, 2), "LAST_90_DAYS": (-90, 1), "NEXT_90_DAYS": (1, 91)}


def literal_days(name: str, count: int, today: date, fiscal_start: int) -> tuple[date, date]:
    """Return the days of a date literal."""
    if name in FIXED:
        unit, (first, end) = "DAY", FIXED[name]
    elif name.startswith("N_"):
        unit, first, end = name[2:-5], -count, 1 - count
    elif "_N_" in name:
        unit = name.partition("_N_")[2][:-1]
        # LAST_N_DAYS reaches into today, longer units end before the current one.
        last = (-count, 1 if unit == "DAY" else 0)
        first, end = last if name.startswith("LAST") else (1, count + 1)
    else:
        which, _, unit = name.partition("_")
        first = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
        end = first + 1
    return tuple(unit_start(unit, today, steps, fiscal_start) for steps in (first, end))  # type: ignore[return-value]


def date_part(name: str, value: str | None, fiscal_start: int) -> int | str | None:
    """Return a part of a date or dateTime text as it is written."""
    if value is None:
        return None
    day = date.fromisoformat(value[:10])
    in_year = day.timetuple().tm_yday
    fiscal_month = (day.month - fiscal_start) % 12 + 1
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
        "FISCAL_MONTH": fiscal_month,
        "FISCAL_QUARTER": (fiscal_month + 2) // 3,
        "FISCAL_YEAR": day.year + (fiscal_start > 1 and day.month >= fiscal_start),  # named by the year it ends in
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
