"""Key prefixes: the three characters every record id of an object begins with."""

from __future__ import annotations

from collections.abc import Mapping

from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.sobject import SObject

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FIRST = _DIGITS.index("A")


def free_prefix(sobject: SObject, taken: Mapping[str, str]) -> str | None:
    """Choose the prefix of a new object: the stated one when it is free, else the next of a0A, a0B …, a1A …

    Objects other than custom ones keep the absence of a prefix. Raises SchemaError for a stated prefix that is taken.
    """
    if sobject.key_prefix is not None:
        if len(sobject.key_prefix) != 3 or not all(digit in _DIGITS for digit in sobject.key_prefix):
            raise SchemaError(f'invalid key prefix "{sobject.key_prefix}" for object "{sobject.name}"')
        owner = taken.get(sobject.key_prefix)
        if owner is not None:
            raise SchemaError(f'key prefix "{sobject.key_prefix}" of object "{sobject.name}" belongs to "{owner}"')
        return sobject.key_prefix
    if not sobject.custom:
        return None
    for middle in _DIGITS:
        for last in _DIGITS[_FIRST:]:
            if f"a{middle}{last}" not in taken:
                return f"a{middle}{last}"
    raise SchemaError("no key prefix is left for custom objects")
