"""Query locators: the row numbers of a result as it was when the query ran, kept for two days.

Before API version 56 a user had ten of them at most, and one that was not used for 15 minutes was gone; the switch
`ten_cursors` brings that back. A locator that another process has opened is compiled again from its statement when it
is asked for.
"""

from __future__ import annotations

import threading
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.soql.plan import Plan
from sffdw.sandbox.store.kept import Kept

Numbers = Sequence[int]  # an array, or a range where there are no gaps
LIFETIME_S = 2 * 24 * 3600.0
OLD_LIFETIME_S, OLD_LIMIT = 15 * 60.0, 10
_KIND, _NUMBERS = "locator", "numbers"
_PIECE_BYTES = 1 << 20
Compile = Callable[[Mapping[str, Any]], Plan]


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
    """All open locators of the org. `compile_again` makes a plan of the value that `plan_value` returns."""

    def __init__(self, instance: str, kept: Kept, compile_again: Compile, *, has_old_limits: bool = False) -> None:
        self._has_old_limits = has_old_limits
        self._lock = threading.Lock()
        self._open: dict[str, Cursor] = {}
        self._instance = instance
        self._kept = kept
        self._compile = compile_again
        # Locators that another process has opened and nobody has asked for since: when they were opened.
        self._waiting = {locator: float(value["opened_at"]) for locator, value in kept.all(_KIND)}
        self._count = max((ids.counter(locator) for locator in self._waiting), default=0)

    def open(self, plan: Plan, numbers: Numbers, batch_size: int, user_id: str, now: float) -> Cursor:
        """Keep a result and return its cursor."""
        with self._lock:
            self._count += 1
            locator = ids.compose("0r8", self._instance, self._count)
            cursor = Cursor(locator, plan, numbers, batch_size, user_id, now, now)
            self._open[locator] = cursor
            gone = self._drop(user_id, now)
        self._kept.remove(_KIND, gone)
        if self._kept.is_lasting and plan.settings is not None:
            self._kept.save(_KIND, locator, _value(cursor), {_NUMBERS: _pieces(numbers)})
        return cursor

    def _drop(self, user_id: str, now: float) -> list[str]:
        """Forget what is over and return it."""
        gone = [known.locator for known in self._open.values() if self._is_over(known, now)]
        gone += [locator for locator, opened_at in self._waiting.items() if now - opened_at > LIFETIME_S]
        mine = [known for known in self._open.values() if known.user_id == user_id and known.locator not in gone]
        if self._has_old_limits and len(mine) > OLD_LIMIT:
            gone.append(min(mine, key=lambda known: known.used_at).locator)
        for locator in gone:
            self._open.pop(locator, None)
            self._waiting.pop(locator, None)
        return gone

    def _is_over(self, cursor: Cursor, now: float) -> bool:
        if self._has_old_limits:
            return now - cursor.used_at > OLD_LIFETIME_S
        return now - cursor.opened_at > LIFETIME_S

    def find(self, text: str, user_id: str, now: float) -> tuple[Cursor, int]:
        """Return the cursor and offset that `<locator>-<offset>` means; raises INVALID_QUERY_LOCATOR."""
        name, _, offset = text.rpartition("-")
        locator = ids.normalise(name) or ""
        with self._lock:
            cursor = self._open.get(locator)
        cursor = cursor or self._revived(locator)
        if cursor is None or not offset.isdigit() or cursor.user_id != user_id:
            raise invalid_locator()
        if self._is_over(cursor, now) or int(offset) > len(cursor.numbers):
            raise invalid_locator()
        cursor.used_at = now
        return cursor, int(offset)

    def _revived(self, locator: str) -> Cursor | None:
        """Return a locator that another process has opened; None when its statement has no meaning any more."""
        value = self._kept.get(_KIND, locator) if locator in self._waiting else None
        if value is None:
            return None
        try:
            plan = self._compile(value)
        except ApiError:
            return None
        numbers = self._numbers(locator, value)
        opened_at = float(value["opened_at"])
        cursor = Cursor(locator, plan, numbers, value["batch_size"], value["user_id"], opened_at, opened_at)
        with self._lock:
            self._waiting.pop(locator, None)
            return self._open.setdefault(locator, cursor)

    def _numbers(self, locator: str, value: Mapping[str, Any]) -> Numbers:
        if value["range"] is not None:
            return range(*value["range"])
        return array("q", zlib.decompress(b"".join(self._kept.part(_KIND, locator, _NUMBERS))))

    def expire_all(self) -> None:
        """Forget every locator."""
        with self._lock:
            gone = [*self._open, *self._waiting]
            self._open.clear()
            self._waiting.clear()
        self._kept.remove(_KIND, gone)


def _value(cursor: Cursor) -> dict[str, Any]:
    own = {"batch_size": cursor.batch_size, "user_id": cursor.user_id, "opened_at": cursor.opened_at}
    numbers = cursor.numbers
    span = [numbers.start, numbers.stop, numbers.step] if isinstance(numbers, range) else None
    return plan_value(cursor.plan) | own | {"range": span}


def plan_value(plan: Plan) -> dict[str, Any]:
    """Return what a plan can be compiled from again."""
    assert plan.settings is not None
    return {"text": plan.text, "settings": plan.settings.value(), "place": list(plan.place)}


def _pieces(numbers: Numbers) -> Iterator[bytes]:
    if isinstance(numbers, range):
        return
    packed = zlib.compress(array("q", numbers).tobytes(), 1)
    for start in range(0, len(packed), _PIECE_BYTES):
        yield packed[start : start + _PIECE_BYTES]


def invalid_locator() -> ApiError:
    """Return the error for a locator that is unknown, malformed or too old."""
    return ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
