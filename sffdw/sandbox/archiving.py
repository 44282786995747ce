"""Archived activities: what is more than a year old leaves ordinary queries when the org's day turns.

Only queryAll (and queryAll jobs) go on showing it. To archive is not to change: stamps stay, and no event tells of it.
"""

from __future__ import annotations

import re
import threading
from datetime import timedelta

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tables import table_name

AGE = timedelta(days=365)
_RAN_ON = "archived_on"
# What is due by the day :last; both objects count days in UTC, as stored dates do.
_CRITERIA = {
    "Event": 'coalesce("ActivityDate", substr("ActivityDateTime", 1, 10)) <= :last',
    "Task": '"IsClosed" = 1 AND coalesce("ActivityDate", substr("CreatedDate", 1, 10)) <= :last',
}


class Archive:
    """Runs once a day of the org's clock, at the first request of the day."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._ran_on = store.meta(_RAN_ON) or clock.now().date().isoformat()

    def run_due(self) -> None:
        """Archive what is due if the day has turned since the last run."""
        today = self._clock.now().date()
        with self._lock:
            if today.isoformat() == self._ran_on:
                return
            last = (today - AGE).isoformat()
            with self._store.transaction():
                for name, condition in _CRITERIA.items():
                    self._archive(self._store.schema.get(name), condition, last)
                self._store.set_meta(_RAN_ON, today.isoformat())
            self._ran_on = today.isoformat()

    def _archive(self, sobject: SObject | None, condition: str, last: str) -> None:
        needed = ("IsArchived", *re.findall(r'"(\w+)"', condition))
        if sobject is None or any(sobject.stored_field(field) is None for field in needed):
            return
        with self._store.transaction() as connection:
            sql = f'UPDATE {table_name(sobject)} SET "IsArchived" = 1 WHERE "IsArchived" = 0 AND {condition}'
            connection.execute(sql, {"last": last})
