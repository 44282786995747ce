"""Dependent picklists: which values go with which value of the controlling field.

A describe says it in bits (`validFor`, base64, the first bit the highest of the first byte) that count the controlling
field's values in setup order; a controlling checkbox counts as false, true. Definitions may name the values instead
(`for`), and names are what is kept, so that the bits follow when the controlling field's values change.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, PicklistValue

_CHECKBOX = ("false", "true")
_BYTES = 3  # bit sets come in whole groups of base64


def settle(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Bring the bits of dependent picklists in line with the names they stand for. Raises SchemaError."""
    fields = tuple(fields)
    by_name = {field.name.lower(): field for field in fields}
    return tuple(_settled(field, by_name.get(str(field.controller_name).lower())) for field in fields)


def _settled(field: Field, controller: Field | None) -> Field:
    if field.controller_name is None or not field.picklist_values:
        return field
    known = controlling_values(controller) if controller is not None else None
    if known is None:
        # Only a describe may leave the controlling field out: who made it may not have seen it.
        if any(value.named_for is not None for value in field.picklist_values):
            raise SchemaError(f'field "{field.name}" depends on "{field.controller_name}", which cannot control it')
        return field
    return replace(field, picklist_values=tuple(_valued(field, value, known) for value in field.picklist_values))


def _valued(field: Field, value: PicklistValue, known: Sequence[str]) -> PicklistValue:
    named = value.named_for
    if named is None:
        named = decode(value.valid_for, known)
    elif value.valid_for is None:
        _check_known(field, named, known)
    return replace(value, named_for=named, valid_for=encode(named, known))


def _check_known(field: Field, named: Iterable[str], known: Sequence[str]) -> None:
    folded = {text.lower() for text in known}
    unknown = next((text for text in named if text.lower() not in folded), None)
    if unknown is not None:
        raise SchemaError(f'"{unknown}" is no value of "{field.controller_name}", which "{field.name}" depends on')


def controlling_values(controller: Field) -> tuple[str, ...] | None:
    """List what the bits count; None for a field that is neither picklist nor checkbox and so controls nothing."""
    if controller.type == "boolean":
        return _CHECKBOX
    if controller.type != "picklist":
        return None
    return tuple(value.value for value in controller.picklist_values)


def encode(named: Iterable[str], known: Sequence[str]) -> str:
    """Return the bit set of these controlling values; those that are gone have no bit."""
    wanted = {text.lower() for text in named}
    bits = bytearray(_BYTES * max(1, -(-len(known) // (8 * _BYTES))))
    for place, text in enumerate(known):
        if text.lower() in wanted:
            bits[place // 8] |= 0x80 >> place % 8
    return base64.b64encode(bits).decode()


def decode(valid_for: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the controlling values whose bits are set. Raises SchemaError for what is no bit set."""
    try:
        bits = base64.b64decode(valid_for or "", validate=True)
    except binascii.Error:
        raise SchemaError(f'validFor "{valid_for}" is not base64') from None
    return tuple(text for place, text in enumerate(known) if _is_set(bits, place))


def _is_set(bits: bytes, place: int) -> bool:
    return place // 8 < len(bits) and bool(bits[place // 8] << place % 8 & 0x80)
