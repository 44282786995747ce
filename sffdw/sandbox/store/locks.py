"""What running transactions hold: rows, unique values, and rows that theirs refer to. Who else wants them is refused.

A row that is held is neither changed nor referred to by others, so that its stamps never go back; one that is referred
to is not deleted. A real org lets the other wait ten seconds first; here the answer is the same and comes at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject

Held = tuple[str, ...]  # a record's id, or object, field and value


def values_held(sobject: SObject, values: Mapping[str, Any]) -> list[Held]:
    """Return what a record that gets these values holds besides its row."""
    return [
        (sobject.name, unique.name, str(values[unique.name]))
        for unique in sobject.unique_fields
        if values.get(unique.name) is not None
    ]


@dataclass
class Grip:
    """What one transaction holds: rows and values for itself, the ids of records that its rows refer to with others."""

    held: set[Held] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)


class Locks:
    """What is held until transactions that commit late are over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[Held] = set()
        self._referred: Counter[str] = Counter()

    def take(self, grip: Grip) -> None:
        """Hold rows and values for a transaction that goes on."""
        with self._lock:
            self._held |= grip.held
            self._referred.update(grip.referred)

    def release(self, grip: Grip) -> None:
        """Let go of what a transaction held that is over."""
        with self._lock:
            self._held -= grip.held
            self._referred -= Counter(grip.referred)

    def held_rows(self) -> list[str]:
        """Return the ids of the records that are held."""
        with self._lock:
            return [held[0] for held in self._held if len(held) == 1]

    def check_row(self, record_id: str) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a record that is held."""
        if self._held and (record_id,) in self._held:
            raise locked(record_id)

    def check_removal(self, record_id: str) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a record that a running transaction refers to."""
        if self._referred and record_id in self._referred:
            raise locked(record_id)

    def check_values(self, sobject: SObject, values: Mapping[str, Any]) -> None:
        """Raise UNABLE_TO_LOCK_ROW for a unique value that is held."""
        if self._held and not self._held.isdisjoint(values_held(sobject, values)):
            raise locked("1 records")


def locked(shown: str) -> ApiError:
    """Return the error for what another transaction holds."""
    message = f"unable to obtain exclusive access to this record or 1 records: {shown}"
    return ApiError("UNABLE_TO_LOCK_ROW", message, fields=[])
