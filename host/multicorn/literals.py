"""Text forms that PostgreSQL reads: identifiers, string literals, JSON and hstore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def quote_identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Quote a string so that it reads the same under either setting of standard_conforming_strings."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return " E" + quoted if "\\" in text else quoted


def json_text(value: Any) -> str:
    """Give a value for a json column; a string is JSON text already."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def hstore_text(pairs: Mapping[Any, Any]) -> str:
    """Write a mapping as hstore reads it."""
    return ", ".join(
        f"{_hstore_string(str(key))}=>{'NULL' if value is None else _hstore_string(str(value))}"
        for key, value in pairs.items()
    )


def _hstore_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def column_text(value: Any, type_name: str) -> str:
    """Give the text form of a value that has no conversion of its own, for the type's input function."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, Mapping) and type_name == "hstore":
        return hstore_text(value)
    if isinstance(value, Mapping | list | tuple):
        return json_text(value)
    return str(value)
