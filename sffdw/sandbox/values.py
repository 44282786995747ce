"""Values of fields: what callers send becomes what is stored; what is stored is what answers show.

Stored forms: text trimmed and never empty, ids of 18 characters, dateTime, date and time as in `stamps`,
booleans 0 and 1, numbers as int or float rounded to the field's scale.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Field

# Picklists whose values are the org's currencies; `dml.currencies` checks them.
OF_THE_ORG = frozenset({"CurrencyIsoCode", "DefaultCurrencyIsoCode"})
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]+"
)
_INT_RANGE = (-(2**31), 2**31 - 1)
_LONG_RANGE = (-(2**63), 2**63 - 1)
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def to_stored(field: Field, value: Any) -> Any:
    """Return the stored form of a value that a caller sent; raises ApiError as Salesforce would."""
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    convert = _CONVERTERS.get(field.type, _text)
    return convert(field, value)


def _wrong_type(field: Field, value: Any) -> ApiError:
    return ApiError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.name}: value not of required type: {_shown(value)}",
        fields=[field.name],
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    folded = str(value).strip().lower()
    if folded not in _TRUE | _FALSE or isinstance(value, float):
        raise _wrong_type(field, value)
    return int(folded in _TRUE)


def _number(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _wrong_type(field, value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _wrong_type(field, value) from None
    if not number.is_finite():
        raise _wrong_type(field, value)
    return number


def _integer(field: Field, value: Any) -> int:
    number = _number(field, value)
    if number != number.to_integral_value():
        raise _wrong_type(field, value)
    low, high = _LONG_RANGE if field.type == "long" else _INT_RANGE
    if not low <= number <= high or (field.digits and abs(number) >= 10 ** max(field.digits, 9)):
        raise _outside(field, value)
    return int(number)


def _double(field: Field, value: Any) -> float:
    number = _number(field, value)
    scale, precision = field.scale, field.precision
    rounded = (
        number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP) if precision and abs(number) < 10**24 else number
    )
    if precision and abs(rounded) >= Decimal(10) ** (precision - scale):
        raise _outside(field, value)
    return float(rounded)


def _outside(field: Field, value: Any) -> ApiError:
    message = f"{field.name}: value outside of valid range on numeric field: {_shown(value)}"
    return ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=[field.name])


def _date(field: Field, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    day = stamps.parse_date(text)
    moment = None if day else stamps.parse_datetime(text)
    if day is None and moment is None:
        raise _wrong_type(field, value)
    return f"{(day or moment).isoformat()[:10]}"  # type: ignore[union-attr]


def _datetime(field: Field, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    moment = stamps.parse_datetime(text if "T" in text.upper() else f"{text}T00:00:00Z")
    if moment is None:
        raise _wrong_type(field, value)
    return stamps.to_text(moment)


def _time(field: Field, value: Any) -> str:
    stored = stamps.parse_time(value.strip()) if isinstance(value, str) else None
    if stored is None:
        raise _wrong_type(field, value)
    return stored


def _id(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    if not value.strip():
        return None
    record_id = ids.normalise(value.strip())
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=[field.name])
    return None if record_id == ids.NULL_ID else record_id


def _base64(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    return "".join(value.split())


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    text = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip(" \t\n\v\f")
    if not text:
        return None
    if field.length and len(text) > field.length:
        message = f"{field.name}: data value too large: {text} (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, fields=[field.name])
    return text


def _picklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    is_open = not field.restricted_picklist or (field.name in OF_THE_ORG and not field.picklist_values)
    if text is None or is_open:
        return text
    return _known_value(field, text)


def _known_value(field: Field, text: str) -> str:
    for known in field.picklist_values:
        if known.value.lower() == text.lower() and known.active:
            return known.value
    raise ApiError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.name}: bad value for restricted picklist field: {text}",
        fields=[field.name],
    )


def _multipicklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    chosen = [part.strip() for part in text.split(";") if part.strip()]
    if field.restricted_picklist:
        chosen = [_known_value(field, part) for part in chosen]
    order = {known.value: place for place, known in enumerate(field.picklist_values)}
    unique = dict.fromkeys(chosen)
    return ";".join(sorted(unique, key=lambda part: order.get(part, len(order)))) or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and not _EMAIL.fullmatch(text):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", fields=[field.name])
    return text


_CONVERTERS = {
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "double": _double,
    "currency": _double,
    "percent": _double,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "id": _id,
    "reference": _id,
    "base64": _base64,
    "picklist": _picklist,
    "multipicklist": _multipicklist,
    "email": _email,
}


def to_answer(field: Field, stored: Any) -> Any:
    """Return a stored value as JSON shows it."""
    return bool(stored) if field.type == "boolean" else stored
