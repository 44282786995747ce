"""Query locators: the row numbers of a result as it was when the query ran, kept for two days.

Before API version 56 a user had ten of them at most, and one that was not used for 15 minutes was gone; the switch
`ten_cursors` brings that back.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sffdw.sandbox import ids
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.soql.plan import Plan

Numbers = Sequence[int]  # an array, or a range where there are no gaps
LIFETIME_S = 2 * 24 * 3600.0
OLD_LIFETIME_S, OLD_LIMIT = 15 * 60.0, 10


@dataclass
class Cursor:
    """One open result: its plan, all row numbers in order, and who asked."""

    locator: str
    plan: Plan
    numbers: Numbers
    batch_size: int
    user_id: str
    opened_at: float
    used_at: float = 0.0
    parent_id: str | None = None


class Cursors:
    """All open locators of the org."""

    def __init__(self, instance: str, *, has_old_limits: bool = False) -> None:
        self._has_old_limits = has_old_limits
        self._lock = threading.Lock()
        self._open: dict[str, Cursor] = {}
        self._instance = instance
        self._count = 0

    def open(self, plan: Plan, numbers: Numbers, batch_size: int, user_id: str, now: float) -> Cursor:
        """Keep a result and return its cursor."""
        with self._lock:
            self._count += 1
            locator = ids.compose("0r8", self._instance, self._count)
            cursor = Cursor(locator, plan, numbers, batch_size, user_id, now, now)
            self._open[locator] = cursor
            for old in [known for known in self._open.values() if self._is_over(known, now)]:
                del self._open[old.locator]
            mine = [known for known in self._open.values() if known.user_id == user_id]
            if self._has_old_limits and len(mine) > OLD_LIMIT:
                del self._open[min(mine, key=lambda known: known.used_at).locator]
            return cursor

    def _is_over(self, cursor: Cursor, now: float) -> bool:
        if self._has_old_limits:
            return now - cursor.used_at > OLD_LIFETIME_S
        return now - cursor.opened_at > LIFETIME_S

    def find(self, text: str, user_id: str, now: float) -> tuple[Cursor, int]:
        """Return the cursor and offset that `<locator>-<offset>` means; raises INVALID_QUERY_LOCATOR."""
        locator, _, offset = text.rpartition("-")
        with self._lock:
            cursor = self._open.get(ids.normalise(locator) or "")
        if cursor is None or not offset.isdigit() or cursor.user_id != user_id:
            raise invalid_locator()
        if self._is_over(cursor, now) or int(offset) > len(cursor.numbers):
            raise invalid_locator()
        cursor.used_at = now
        return cursor, int(offset)

    def expire_all(self) -> None:
        """Forget every locator."""
        with self._lock:
            self._open.clear()


def invalid_locator() -> ApiError:
    """Return the error for a locator that is unknown, malformed or too old."""
    return ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
