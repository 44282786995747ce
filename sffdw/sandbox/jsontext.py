"""JSON as Salesforce writes it: doubles in Java's form, compact or with `"key" : value` pretty printing."""

import json
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

quote: Callable[[str], str] = json.encoder.c_encode_basestring or encode_basestring  # type: ignore[attr-defined]


def java_double(number: float) -> str:
    """Return a double as Java prints it: `300.0`, `1.5E7`, `1.0E-4`."""
    text = repr(number)
    if 1e-3 <= abs(number) < 1e7 or number == 0:
        return text
    mantissa, _, exponent = f"{number!r}".partition("e")
    if exponent:
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
    return _scientific(text)


def _scientific(text: str) -> str:
    sign = "-" if text[0] == "-" else ""
    whole, _, fraction = text.lstrip("-").partition(".")
    if whole != "0":
        exponent = len(whole) - 1
        digits = (whole + fraction).rstrip("0")
    else:
        digits = fraction.lstrip("0")
        exponent = len(digits) - len(fraction) - 1
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def dumps(value: Any, *, pretty: bool = False, depth: int = 0) -> str:
    """Return a value as JSON text; `depth` is where a pretty fragment will stand."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case float():
            return java_double(value)
        case int():
            return str(value)
        case dict():
            return _object(value, pretty, depth)
        case list() | tuple():
            return _array(value, pretty, depth)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def _object(value: dict[str, Any], pretty: bool, depth: int) -> str:
    if not pretty:
        return "{" + ",".join(f"{quote(key)}:{dumps(item)}" for key, item in value.items()) + "}"
    if not value:
        return "{ }"
    pad = "\n" + "  " * (depth + 1)
    items = (f"{pad}{quote(key)} : {dumps(item, pretty=True, depth=depth + 1)}" for key, item in value.items())
    return "{" + ",".join(items) + "\n" + "  " * depth + "}"


def _array(value: list[Any] | tuple[Any, ...], pretty: bool, depth: int) -> str:
    if not pretty:
        return "[" + ",".join(dumps(item) for item in value) + "]"
    return "[ " + ", ".join(dumps(item, pretty=True, depth=depth) for item in value) + " ]" if value else "[ ]"


def mend(value: Any) -> Any:
    """Return a JSON value whose texts hold no half characters: a surrogate without its other half is replaced."""
    if isinstance(value, dict):
        return {mend(key): mend(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mend(item) for item in value]
    return mend_text(value) if isinstance(value, str) else value


def mend_text(text: str) -> str:
    """Join surrogates to the characters they stand for and replace those that stand alone."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
