"""Fields are widened to their values: describe must be true of the data, or local tables could not hold them.

Longer text, more digits, more decimals and values missing from a restricted picklist change the field, aloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sffdw.sandbox.schema import Field, Schema

_LONG_TEXT = 32768


@dataclass(slots=True)
class _Extent:
    """How much the values of one field need."""

    length: int = 0
    whole_digits: int = 0
    scale: int = 0
    choices: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Fitting:
    """What the values of all fields need."""

    schema: Schema
    extents: dict[tuple[str, str], _Extent] = field(default_factory=dict)

    def see(self, object_name: str, values: Mapping[str, Any]) -> None:
        """Take a record's stored values into account."""
        for name, value in values.items():
            known = self.schema[object_name].stored_field(name)
            if known is None or value is None or isinstance(value, bool):
                continue
            extent = self.extents.setdefault((object_name, name), _Extent())
            if known.is_text:
                extent.length = max(extent.length, len(value))
                if known.restricted_picklist:
                    extent.choices |= dict.fromkeys(_choices(known, value))
            elif isinstance(value, int | float):
                number = Decimal(repr(value))
                extent.whole_digits = max(extent.whole_digits, len(str(int(abs(number)))))
                extent.scale = max(extent.scale, -int(number.normalize().as_tuple().exponent))

    def alterations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the operations that widen what must be widened, object by object."""
        wanted: dict[str, list[dict[str, Any]]] = {}
        for (object_name, name), extent in self.extents.items():
            known = self.schema[object_name].stored_field(name)
            changes = _widened(known, extent) if known else {}
            if changes:
                wanted.setdefault(object_name, []).append({"name": name} | changes)
        for object_name, fields in wanted.items():
            yield object_name, {"alter_fields": fields}


def _choices(known: Field, value: str) -> list[str]:
    parts = value.split(";") if known.type == "multipicklist" else [value]
    taken = {entry.value.lower() for entry in known.picklist_values}
    return [part for part in parts if part.lower() not in taken]


def _widened(known: Field, extent: _Extent) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if known.is_text and known.length and extent.length > known.length:
        changes["length"] = _rounded(extent.length)
    if known.type in ("double", "currency", "percent"):
        scale = max(known.scale, extent.scale)
        precision = max(known.precision, extent.whole_digits + scale)
        if (precision, scale) != (known.precision, known.scale):
            changes |= {"precision": precision, "scale": scale}
    if known.type == "int" and extent.whole_digits > max(known.digits, 9):
        changes["digits"] = extent.whole_digits
    if extent.choices:
        kept = [entry.describe() for entry in known.picklist_values]
        changes["picklistValues"] = [*kept, *({"value": choice} for choice in extent.choices)]
    return changes


def _rounded(length: int) -> int:
    """Round a length up to what Setup would offer: 255, 32768, 131072, else what it takes."""
    return next((size for size in (40, 80, 255, _LONG_TEXT, 4 * _LONG_TEXT) if length <= size), length)
