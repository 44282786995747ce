"""Rows and unique values that running transactions hold: whoever else wants to change them is refused.

A real org lets the other wait ten seconds first; here the answer is the same and comes at once.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject

Held = tuple[str, ...]  # a record's id, or object, field and value


def values_held(sobject: SObject, values: Mapping[str, Any]) -> list[Held]:
    """Return what a record that gets these values holds besides its row."""
    return [
        (sobject.name, field.name, str(values[field.name]))
        for field in sobject.unique_fields
        if values.get(field.name) is not None
    ]


class Locks:
    """What is held until transactions that commit late are over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[Held] = set()

    def take(self, held: Collection[Held]) -> None:
        """Hold rows and values for a transaction that goes on."""
        with self._lock:
            self._held.update(held)

    def release(self, held: Collection[Held]) -> None:
        """Let go of what a transaction held that is over."""
        with self._lock:
            self._held.difference_update(held)

    def check_row(self, record_id: str) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a record that is held."""
        if self._held and (record_id,) in self._held:
            raise _locked(record_id)

    def check_values(self, sobject: SObject, values: Mapping[str, Any]) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a unique value that is held."""
        if self._held and not self._held.isdisjoint(values_held(sobject, values)):
            raise _locked("1 records")


def _locked(shown: str) -> ApiError:
    message = f"unable to obtain exclusive access to this record or 1 records: {shown}"
    return ApiError("UNABLE_TO_LOCK_ROW", message, fields=[])
