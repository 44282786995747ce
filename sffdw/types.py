"""Salesforce's field types: their SQL types, and how values cross the border in both directions without loss.

Numbers are Decimal from JSON text on and JSON text from Decimal on; no float is ever in between. Ids are 18 characters.
"""

import base64
import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

NUMBERS = frozenset(("int", "long", "double", "currency", "percent"))
IDS = frozenset(("id", "reference"))
TEXTS = frozenset(("string", "picklist", "email", "phone", "url", "textarea", "combobox", "encryptedstring"))
COMPOUNDS = frozenset(("address", "location"))
# PostgreSQL cuts longer names silently, and two fields would then collide.
MAX_NAME_BYTES = 63
# Heroku Connect maps long text areas to text; the limit lies between 8,000 and 32,000 there.
LONGEST_VARCHAR = 8000
OLDEST_YEAR, NEWEST_YEAR = 1700, 4000
CHECK_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

SAME_IN_BOTH: dict[str, str] = {
    "boolean": "boolean", "int": "integer", "long": "bigint", "date": "date", "id": "varchar(18)",
    "reference": "varchar(18)"}
PRECISE = SAME_IN_BOTH | {"double": "numeric", "currency": "numeric", "percent": "numeric", "address": "jsonb",
                          "datetime": "timestamp with time zone", "time": "time without time zone",
                          "location": "jsonb"}
HEROKU: dict[str, str | None] = {
    **SAME_IN_BOTH, "double": "double precision", "currency": "double precision", "percent": "double precision",
    "datetime": "timestamp without time zone", "time": "time without time zone", "address": None, "location": None,
    "base64": None}


def precise_type(sf_type: str) -> str:
    """SQL type that holds every value of a Salesforce type exactly."""
    return PRECISE.get(sf_type, "text")


def heroku_type(sf_type: str, length: int) -> str | None:
    """SQL type that Heroku Connect gives a field, None where it maps none."""
    if sf_type in HEROKU:
        return HEROKU[sf_type]
    is_sized = sf_type in TEXTS or sf_type == "multipicklist"
    return f"varchar({length})" if is_sized and 0 < length <= LONGEST_VARCHAR else "text"


def is_id(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9]{15}([A-Z0-5]{3})?", text) is not None


def long_id(text: str) -> str:
    """The 18-character form of an id; anything that is no 15-character id is returned as it is."""
    if not re.fullmatch(r"[A-Za-z0-9]{15}", text):
        return text
    return text + "".join(CHECK_CHARS[sum(1 << place for place in range(5) if "A" <= part[place] <= "Z")]
                          for part in (text[0:5], text[5:10], text[10:15]))


def sql_name(api_name: str, prefix: str = "") -> str:
    """The lower-case name of a table or column; a name that PostgreSQL would cut ends in a hash of the whole."""
    name = prefix + api_name.lower()
    return name if len(name.encode()) <= MAX_NAME_BYTES else distinct_name(name, api_name)


def distinct_name(name: str, api_name: str) -> str:
    """A name like the given one that stays within 63 bytes and depends on the whole API name."""
    stem = name.encode()[: MAX_NAME_BYTES - 9].decode(errors="ignore")
    return f"{stem}_{hashlib.sha256(api_name.encode()).hexdigest()[:8]}"


# --- JSON ---

def parse_json(text: bytes | str) -> Any:
    """Parse without floats. Raises ValueError for what is not JSON."""
    return json.loads(text, parse_float=Decimal, parse_constant=Decimal)


def json_text(value: Any) -> str:
    """Write what parse_json read, and dates as Salesforce writes them; Decimals keep every digit."""
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "null"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode_basestring(str(key))}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_text, value)) + "]"
    raise TypeError(f"no JSON form for {type(value).__name__}")


# PostgreSQL's text holds neither NUL nor half a surrogate pair.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
                       rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}")


def may_be_unstorable(json_body: bytes) -> bool:
    """JSON may hold text that PostgreSQL cannot store. Whole surrogate pairs are ordinary: many writers escape them."""
    # Most answers have none of the escapes: a plain search is a hundred times as fast as an expression.
    if b"\\ud" in json_body or b"\\uD" in json_body:
        return HALF_PAIR.search(json_body) is not None or _has_nul(json_body)
    return _has_nul(json_body)


def _has_nul(json_body: bytes) -> bool:
    """Some backslash before u0000 is not itself escaped."""
    place = json_body.find(b"\\u0000")
    while place >= 0:
        start = place
        while start and json_body[start - 1] == ord("\\"):
            start -= 1
        if (place - start) % 2 == 0:
            return True
        place = json_body.find(b"\\u0000", place + 1)
    return False


def storable(value: Any) -> Any:
    """A parsed JSON value with what PostgreSQL cannot store replaced by U+FFFD."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {key: storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


# --- from Salesforce to PostgreSQL ---

def _whole(value: Any) -> Any:
    # Some answers carry integers as 5.0.
    return int(value) if isinstance(value, Decimal) and value.is_finite() and value == int(value) else value


def _clock_time(value: Any) -> Any:
    return value.removesuffix("Z") if isinstance(value, str) else value


def _any_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json_text(value)


PLAIN = TEXTS | IDS | {"boolean", "double", "currency", "percent", "date", "datetime", "base64", "multipicklist"}


def incoming(sf_type: str) -> Callable[[Any], Any] | None:
    """How a JSON value becomes a value for the host; None when it may pass as it is.

    Dates and times pass as ISO 8601 text, which every PostgreSQL date type reads whatever DateStyle says.
    """
    if sf_type in PLAIN:
        return None
    if sf_type in ("int", "long"):
        return _whole
    if sf_type == "time":
        return _clock_time
    return _any_text


# --- from PostgreSQL to Salesforce ---

class Unfit(ValueError):
    """The value has no form in the Salesforce type; the message says why, without the value."""


def outgoing(value: Any, sf_type: str) -> Any:
    """The JSON value to send for a column's value. Raises Unfit."""
    if value is None:
        return None
    if sf_type in NUMBERS:
        return _outgoing_number(value)
    if sf_type in OUTGOING:
        return OUTGOING[sf_type](value)
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return str(value)


def _outgoing_number(value: Any) -> Decimal | int:
    number = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else _to_decimal(value)
    if isinstance(number, Decimal) and not number.is_finite():
        raise Unfit("Salesforce stores no NaN and no infinity")
    return number


def _to_decimal(value: Any) -> Decimal:
    try:
        return Decimal(repr(value) if isinstance(value, float) else str(value))
    except ArithmeticError:
        raise Unfit("it is no number") from None


def _outgoing_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("t", "true"):
        return True
    if str(value).lower() in ("f", "false"):
        return False
    raise Unfit("it is neither true nor false")


def _outgoing_date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        value = value.date()
    if not isinstance(value, dt.date):
        value = _parsed(dt.date.fromisoformat, value)
    if not OLDEST_YEAR <= value.year <= NEWEST_YEAR:
        raise Unfit(f"Salesforce stores dates from {OLDEST_YEAR} to {NEWEST_YEAR}")
    return str(value.isoformat())


def _parsed(parse: Callable[[str], Any], value: Any) -> Any:
    try:
        return parse(str(value))
    except ValueError:
        raise Unfit("it has no ISO 8601 form") from None


def utc(value: dt.datetime) -> dt.datetime:
    """The same instant in UTC; a time without zone is taken as UTC, as Salesforce and Heroku Connect do."""
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _outgoing_datetime(value: Any) -> str:
    if not isinstance(value, dt.datetime):
        value = _parsed(dt.datetime.fromisoformat, value)
    value = utc(value)
    if not OLDEST_YEAR <= value.year <= NEWEST_YEAR:
        raise Unfit(f"Salesforce stores dates from {OLDEST_YEAR} to {NEWEST_YEAR}")
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _outgoing_time(value: Any) -> str:
    if not isinstance(value, dt.time):
        value = _parsed(dt.time.fromisoformat, value)
    return f"{value:%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _outgoing_id(value: Any) -> str:
    return long_id(str(value))


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|[+-]\d{4})")


def is_same(sent: Any, stored: Any) -> bool:
    """A value as it is sent is what Salesforce has: NULL and '' are one there, and times are written in two ways."""
    if sent in (None, "") or stored in (None, ""):
        return sent in (None, "") and stored in (None, "")
    if isinstance(sent, str) and isinstance(stored, str) and MOMENT.fullmatch(sent) and MOMENT.fullmatch(stored):
        return utc(dt.datetime.fromisoformat(sent)) == utc(dt.datetime.fromisoformat(stored))
    return bool(sent == stored)


OUTGOING: dict[str, Callable[[Any], Any]] = {
    "boolean": _outgoing_boolean, "date": _outgoing_date, "datetime": _outgoing_datetime, "time": _outgoing_time,
    "id": _outgoing_id, "reference": _outgoing_id}
