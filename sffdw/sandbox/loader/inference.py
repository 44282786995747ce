"""Types of fields that no definition knows, from all their values.

A column is text unless every value agrees: a checkbox cannot be empty, so true/false with blanks stays text; digits
with a leading zero or more than 15 of them stay text; a date outside 1700-4000 stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sffdw.sandbox import stamps
from sffdw.sandbox.loader.conversion import datetime_text

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_MONEY = re.compile(r"(?i)price|amount|revenue|cost|fee|budget|salary|msrp|booking_?rate")
_PHONE = re.compile(r"(?i)phone|mobile|fax")
_COMPONENT = re.compile(r"__(Latitude|Longitude)__s\Z", re.IGNORECASE)
_MAX_DIGITS = 15
_SHORT = 255
_LONG_TEXT = 32768
_HUGE_TEXT = 131072
_MIN_CHOICES = 8
_MAX_CHOICES = 10
_CHOICE_LENGTH = 40


def infer_type(name: str, values: Sequence[Any], *, is_complete: bool, is_typed: bool) -> dict[str, Any]:
    """Return the attributes of a new field.

    `values` are the non-null ones; `is_complete` says there are no others; `is_typed` that the file tells text from
    numbers (JSON), so that digits in quotes are text.
    """
    if _COMPONENT.search(name):
        return {"type": "double", "precision": 18, "scale": 15, "compoundFieldName": _COMPONENT.sub("__c", name)}
    if values and all(isinstance(value, bool) for value in values):
        return {"type": "boolean"}
    texts = [value if isinstance(value, str) else _plain(value) for value in values]
    if not texts:
        return {"type": "string", "length": _SHORT}
    if is_typed and any(isinstance(value, str) for value in values):
        return _moment(texts) or _text(name, texts)
    if is_complete and all(text.lower() in ("true", "false") for text in texts):
        return {"type": "boolean"}
    return _number(name, texts) or _moment(texts) or _text(name, texts)


def _plain(value: Any) -> str:
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _number(name: str, texts: Sequence[str]) -> dict[str, Any] | None:
    if not all(_NUMBER.fullmatch(text) for text in texts):
        return None
    try:
        numbers = [Decimal(text) for text in texts]
    except InvalidOperation:
        return None
    if any(len(number.as_tuple().digits) > _MAX_DIGITS for number in numbers) or _PHONE.search(name):
        return None
    scale = max(-int(number.as_tuple().exponent) for number in numbers)
    whole = max(len(str(int(abs(number)))) for number in numbers)
    kind = "currency" if _MONEY.search(name) else "double"
    scale = max(scale, 2) if kind == "currency" else scale
    return {"type": kind, "precision": max(18, whole + scale), "scale": scale}


def _moment(texts: Sequence[str]) -> dict[str, Any] | None:
    if all(stamps.parse_date(text) is not None for text in texts):
        return {"type": "date"}
    if all(datetime_text(text) is not None for text in texts):
        return {"type": "datetime"}
    if all(text.endswith("Z") and stamps.parse_time(text) is not None for text in texts):
        return {"type": "time"}
    return None


def _text(name: str, texts: Sequence[str]) -> dict[str, Any]:
    longest = max(len(text) for text in texts)
    if longest > _SHORT:
        return {"type": "textarea", "length": _LONG_TEXT if longest <= _LONG_TEXT else max(_HUGE_TEXT, longest)}
    if any("\n" in text or "\r" in text for text in texts):
        return {"type": "textarea", "length": _SHORT}
    if all(_EMAIL.fullmatch(text) for text in texts) and longest <= 80:
        return {"type": "email"}
    if all(_URL.fullmatch(text) for text in texts):
        return {"type": "url"}
    if _PHONE.search(name) and longest <= 40 and all(re.search(r"\d", text) for text in texts):
        return {"type": "phone"}
    return _choice(texts) or {"type": "string", "length": _SHORT}


def _choice(texts: Sequence[str]) -> dict[str, Any] | None:
    """A few short words said over and over are a picklist (not restricted, so nothing is refused)."""
    trimmed = [text.strip() for text in texts]
    distinct = list(dict.fromkeys(trimmed))
    if len(texts) < _MIN_CHOICES or not 1 < len(distinct) <= _MAX_CHOICES or len(distinct) * 3 > len(texts):
        return None
    if any(len(text) > _CHOICE_LENGTH or not re.match(r"[^\W\d]", text) for text in distinct):
        return None
    return {"type": "picklist", "values": distinct}
