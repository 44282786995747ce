"""Transactions that commit late: written with the stamp of now, visible only when their time has come.

Until then they hold the rows that they changed and the unique values that they took, and keep what they refer to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tape import Tape

_Result = TypeVar("_Result")


class _Rehearsed(Exception):
    """Ends the rehearsal of a transaction: what it wrote is rolled back."""


@dataclass(frozen=True)
class Pending:
    """Work whose result is known but which nobody sees yet."""

    began_at: float
    commit_at: float
    work: Callable[[], object]
    tape: Tape


class LateCommits:
    """All transactions of the org that are still running."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: list[Pending] = []
        self.noticed: Callable[[], object] = lambda: None  # called when a transaction has been put off

    def run(self, work: Callable[[], _Result], after_s: float) -> _Result:
        """Do the work once to learn its result, undo it, and do it again `after_s` seconds later with the same ids."""
        tape = Tape()
        results: list[_Result] = []
        now = self._clock.timestamp()
        try:
            with self._store.numbers_on(tape), self._store.transaction():
                results.append(work())
                self._store.locks.take(tape.grip)
                raise _Rehearsed
        except _Rehearsed:
            tape.is_replayed = True
        with self._lock:
            self._pending.append(Pending(now, now + after_s, work, tape))
        self.noticed()
        return results[0]

    def commit_due(self) -> None:
        """Commit what is due; called before every request is answered."""
        if not self._pending:
            return
        now = self._clock.timestamp()
        with self._lock:
            due = [pending for pending in self._pending if pending.commit_at <= now]
            self._pending = [pending for pending in self._pending if pending.commit_at > now]
            for pending in sorted(due, key=lambda item: item.commit_at):
                with self._store.numbers_on(pending.tape), self._store.transaction():
                    self._store.locks.release(pending.tape.grip)
                    pending.work()

    def next_commit(self) -> float | None:
        """Return when the next of the running transactions commits."""
        with self._lock:
            return min((pending.commit_at for pending in self._pending), default=None)

    def oldest_start(self) -> float | None:
        """Return when the oldest running transaction began."""
        with self._lock:
            return min((pending.began_at for pending in self._pending), default=None)
