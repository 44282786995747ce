"""What was called: one entry per API call, and sums since a mark."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000


@dataclass(frozen=True)
class Entry:
    """One API call."""

    n: int
    at: str
    method: str
    path: str
    kind: str
    object: str | None
    rows: int
    status: int
    fault: str | None
    user: str | None
    client: str | None
    bytes: int


class Journal:
    """The last calls, in order; marks are numbers of calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, **values: Any) -> None:
        """Note a call."""
        with self._lock:
            self._count += 1
            self._entries.append(Entry(n=self._count, **values))

    @property
    def mark(self) -> int:
        """The number of the last call."""
        return self._count

    def calls(self, since: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the calls after a mark, oldest first."""
        with self._lock:
            found = [entry for entry in self._entries if entry.n > since]
        return [asdict(entry) for entry in (found if limit is None else found[:limit])]

    def stats(self, since: int = 0) -> dict[str, Any]:
        """Return sums of the calls after a mark."""
        with self._lock:
            found = [entry for entry in self._entries if entry.n > since]
        by_kind, by_object = Counter(e.kind for e in found), Counter(e.object for e in found if e.object)
        return {
            "mark": self.mark,
            "calls": {"total": len(found), "by_kind": dict(by_kind), "by_object": dict(by_object)},
            "rows_out": sum(e.rows for e in found if e.method == "GET"),
            "bytes_out": sum(e.bytes for e in found),
        }

    def clear(self) -> None:
        """Forget all calls; marks given before stay valid."""
        with self._lock:
            self._entries.clear()
