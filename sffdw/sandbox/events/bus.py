"""The event bus: events kept in the store in the order of their commits, and those who wait for more.

Events are written in the transaction that causes them, so that they appear with its rows or not at all. Replay ids
ascend with gaps, as on a bus that many orgs share.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sffdw.sandbox.clock import Clock
from sffdw.sandbox.store.store import Store

_TABLES = (
    "CREATE TABLE IF NOT EXISTS _event (replay_id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL,"
    " name TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS _event_counter (replay_id INTEGER NOT NULL, commit_number INTEGER NOT NULL)",
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # a bulk load waits for it
_FIRST_COMMIT = 10_000_000_000_000


@dataclass(frozen=True)
class Entry:
    """An event as it is published; `body` still lacks its replay id. `name` is what channels pick events by."""

    kind: str  # change, platform, topic or generic
    name: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Event:
    """An event on the bus; `text` is the JSON that stands below `data`."""

    replay_id: int
    name: str
    text: str


class Bus:
    """Keeps events for their retention and wakes those who wait."""

    def __init__(self, store: Store, clock: Clock, seed: int) -> None:
        self._store = store
        self._clock = clock
        self._dice = random.Random(f"events {seed}")
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], object]] = []
        with store.transaction() as connection:
            for statement in _TABLES:
                connection.execute(statement)
            if connection.execute("SELECT 1 FROM _event_counter").fetchone() is None:
                first = self._dice.randrange(1_000, 1_000_000)
                connection.execute("INSERT INTO _event_counter VALUES (?, ?)", (first, _FIRST_COMMIT))
            else:  # keys of transactions must not come again in the next process
                self._dice.seed(f"events {seed} from {self.last_id}")

    # Writing, inside a transaction

    def next_commit_number(self) -> int:
        """Take the number of a commit."""
        number = self._counter("commit_number") + self._dice.randint(1, 9_999)
        with self._store.transaction() as connection:
            connection.execute("UPDATE _event_counter SET commit_number = ?", (number,))
        return number

    def append(self, entries: Iterable[Entry], retention_s: float) -> None:
        """Put events at the end and let those go whose time is over."""
        now, replay_id = self._clock.timestamp(), self.last_id
        rows = []
        for entry in entries:
            replay_id += self._dice.choice((1, 1, 2, 3))
            entry.body["event"]["replayId"] = replay_id
            rows.append((replay_id, now, entry.kind, entry.name, _ENCODER.encode(entry.body)))
        with self._store.transaction() as connection:
            self._purge(now - retention_s)
            connection.executemany("INSERT INTO _event VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("UPDATE _event_counter SET replay_id = ?", (replay_id,))

    def random_key(self) -> str:
        """Return the key of a transaction or event."""
        digits = f"{self._dice.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _purge(self, before: float) -> None:
        oldest = self._store.reader.execute("SELECT at FROM _event ORDER BY replay_id LIMIT 1").fetchone()
        if oldest is not None and oldest[0] < before:
            with self._store.transaction() as connection:
                connection.execute("DELETE FROM _event WHERE at < ?", (before,))

    # Reading

    def _counter(self, column: str) -> int:
        return int(self._store.reader.execute(f"SELECT {column} FROM _event_counter").fetchone()[0])

    @property
    def last_id(self) -> int:
        """The replay id of the last event that is committed."""
        return self._counter("replay_id")

    def is_retained(self, replay_id: int, retention_s: float) -> bool:
        """Tell whether reading on after a replay id would miss nothing."""
        if replay_id > self.last_id:
            return False
        sql, since = (
            "SELECT 1 FROM _event WHERE replay_id <= ? AND at > ? LIMIT 1",
            self._clock.timestamp() - retention_s,
        )
        return self._store.reader.execute(sql, (replay_id, since)).fetchone() is not None

    def read(
        self, kind: str, names: Collection[str] | None, *, after: int, until: int, retention_s: float, limit: int
    ) -> list[Event]:
        """Return events of a kind (and of names, in lower case) between two replay ids, oldest first."""
        parameters: list[Any] = [after, until, kind, self._clock.timestamp() - retention_s]
        sql = "SELECT replay_id, name, body FROM _event WHERE replay_id > ? AND replay_id <= ? AND kind = ? AND at > ?"
        if names is not None:
            sql += f" AND lower(name) IN ({', '.join('?' * len(names))})"
            parameters.extend(names)
        rows = self._store.reader.execute(f"{sql} ORDER BY replay_id LIMIT ?", (*parameters, limit))
        return [Event(*row) for row in rows]

    # Waiting

    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Call `watcher` whenever there may be news; return what ends that."""
        with self._lock:
            self._watchers.append(watcher)

        def stop() -> None:
            with self._lock:
                self._watchers.remove(watcher)

        return stop

    @property
    def watched(self) -> int:
        """How many wait."""
        with self._lock:
            return len(self._watchers)

    def wake(self) -> None:
        """Tell all who wait to look again: events came, the clock was moved, a session ended."""
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()
