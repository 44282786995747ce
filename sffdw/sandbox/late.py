"""Transactions that commit late: written with the stamp of now, visible only when their time has come."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.changes import apply_changes

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org


class _Rehearsed(Exception):
    """Ends the rehearsal of a transaction: what it wrote is rolled back."""


@dataclass(frozen=True)
class Pending:
    """Changes whose ids and results are known but which nobody sees yet."""

    began_at: float
    commit_at: float
    changes: tuple[Mapping[str, Any], ...]
    actor: Actor


class LateCommits:
    """All transactions of the org that are still running."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._pending: list[Pending] = []

    def begin(self, changes: Sequence[Mapping[str, Any]], actor: Actor, after_s: float) -> list[dict[str, Any]]:
        """Run changes once to learn their results, undo them, and plan their commit."""
        results: list[dict[str, Any]] = []
        try:
            with self._org.store.transaction():
                results = apply_changes(self._org.store, changes, actor)
                raise _Rehearsed
        except _Rehearsed:
            now = self._org.clock.timestamp()
        planned = tuple(
            _with_id(change, result) for change, result in zip(changes, results, strict=True) if result["success"]
        )
        with self._lock:
            self._pending.append(Pending(now, now + after_s, planned, actor))
        return results

    def commit_due(self) -> None:
        """Commit what is due; called before every request is answered."""
        if not self._pending:
            return
        now = self._org.clock.timestamp()
        with self._lock:
            due = [pending for pending in self._pending if pending.commit_at <= now]
            self._pending = [pending for pending in self._pending if pending.commit_at > now]
            for pending in sorted(due, key=lambda item: item.commit_at):
                _commit(self._org, pending)

    def oldest_start(self) -> float | None:
        """Return when the oldest running transaction began."""
        with self._lock:
            return min((pending.began_at for pending in self._pending), default=None)

    def clear(self) -> None:
        """Forget what has not committed."""
        with self._lock:
            self._pending.clear()


def _with_id(change: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**change, "id": result["id"], "reserved": True} if change.get("op") == "create" else change


def _commit(org: Org, pending: Pending) -> None:
    with org.store.transaction():
        apply_changes(org.store, pending.changes, pending.actor)
