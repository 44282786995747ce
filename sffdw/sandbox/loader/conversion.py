"""Values of files as values of fields.

What Salesforce does to every value is done here, once: text loses surrounding white space and control characters,
CRLF and CR become LF, empty text is null, a missing checkbox is false, dateTimes lose their fraction of a second.
What files do: dates may carry a time (it is cut) or be written M/D/YYYY (D/M/YYYY when the first number says so);
dateTimes without a zone are UTC; epoch seconds or milliseconds are accepted where a dateTime is due.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sffdw.sandbox import stamps
from sffdw.sandbox.schema import Field

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AaPp])[Mm])?)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_TRUE = frozenset({"true", "1", "yes", "y", "t", "1.0"})
_FALSE = frozenset({"false", "0", "no", "n", "f", "0.0"})


class NotConvertible(ValueError):
    """A value that cannot be one of the field's type."""


def convert(field: Field, value: Any) -> Any:
    """Return the stored form of a file's value for anything but references. Raises NotConvertible."""
    if value is None:
        return False if field.type == "boolean" else None
    return (_CONVERTERS.get(field.type) or _text)(value)


def clean_text(text: str) -> str | None:
    """Normalise text as Salesforce does on save."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unified).strip(" \t\n\v\f") or None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return clean_text(value if isinstance(value, str) else str(value))


def _boolean(value: Any) -> bool:
    folded = str(value).strip().lower()
    if folded in _TRUE:
        return True
    if folded in _FALSE or not folded:
        return False
    raise NotConvertible


def _decimal(value: Any) -> Decimal | None:
    text = str(value).strip()
    if isinstance(value, bool):
        raise NotConvertible
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotConvertible from None
    if not number.is_finite():
        raise NotConvertible
    return number


def _integer(value: Any) -> int | None:
    number = _decimal(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise NotConvertible
    return int(number)


def _double(value: Any) -> float | None:
    number = _decimal(value)
    return None if number is None else float(number)


def datetime_text(text: str) -> str | None:
    """Return the stored form of a dateTime written with `T` or a blank, zone or none; None when it is not one."""
    trimmed = text.strip()
    if len(trimmed) > 10 and trimmed[10] == " ":
        trimmed = f"{trimmed[:10]}T{trimmed[11:].replace(' ', '')}"
    trimmed = re.sub(r"(?:UTC|GMT)\Z", "Z", trimmed)
    moment = stamps.parse_datetime(trimmed) if "T" in trimmed.upper() else None
    return None if moment is None else stamps.to_text(moment)


def _datetime(value: Any) -> str | None:
    text = str(value).strip()
    if not text:
        return None
    stored = datetime_text(text) or _slashed_datetime(text) or _epoch(text)
    day = None if stored else stamps.parse_date(text)
    if day is not None:
        stored = f"{day.isoformat()}T00:00:00.000+0000"
    if stored is None:
        raise NotConvertible
    return stored


def _epoch(text: str) -> str | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = int(text) // 1000 if len(text) == 13 else int(text)
    return stamps.to_text(datetime.fromtimestamp(seconds, UTC))


def _date(value: Any) -> str | None:
    text = str(value).strip()
    if not text:
        return None
    day = stamps.parse_date(text)
    if day is not None:
        return day.isoformat()
    stored = datetime_text(text) or _slashed_datetime(text) or _epoch(text)
    if stored is None:
        raise NotConvertible
    # A zone in the text must not move the day: the day is what the file shows.
    return text[:10] if stamps.parse_date(text[:10]) else stored[:10]


def _slashed_datetime(text: str) -> str | None:
    match = _SLASHED.fullmatch(text)
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    month, day = (second, first) if first > 12 else (first, second)
    hour = int(match[4] or 0) % 12 + (12 if match[7] in ("p", "P") else 0) if match[7] else int(match[4] or 0)
    try:
        moment = datetime(year, month, day, hour, int(match[5] or 0), int(match[6] or 0), tzinfo=UTC)
    except ValueError:
        return None
    return stamps.to_text(moment) if date(1700, 1, 1) <= moment.date() <= date(4000, 12, 31) else None


def _time(value: Any) -> str | None:
    text = str(value).strip()
    stored = stamps.parse_time(text)
    if text and stored is None:
        raise NotConvertible
    return stored


def _base64(value: Any) -> str | None:
    return "".join(str(value).split()) or None


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "double": _double,
    "currency": _double,
    "percent": _double,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "base64": _base64,
}
