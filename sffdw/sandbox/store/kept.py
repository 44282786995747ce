"""What outlives the process beside the records: sessions, logins, locators, jobs. Only a store with a file keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sffdw.sandbox.store.database import Database

Parts = Mapping[str, Iterable[bytes]]


class Kept:
    """Things by kind and key: a JSON value each, and parts of bytes where a thing is large."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_lasting = not database.is_private

    def save(self, kind: str, key: str, value: Mapping[str, Any], parts: Parts | None = None) -> None:
        """Keep a thing; of its parts those that are given are replaced."""
        if not self.is_lasting:
            return
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO _kept VALUES (?, ?, ?)", (kind, key, json.dumps(value)))
            for name, pieces in (parts or {}).items():
                where = (kind, key, name)
                connection.execute("DELETE FROM _kept_part WHERE kind = ? AND key = ? AND name = ?", where)
                rows = ((*where, number, piece) for number, piece in enumerate(pieces))
                connection.executemany("INSERT INTO _kept_part VALUES (?, ?, ?, ?, ?)", rows)

    def save_if_free(self, kind: str, key: str, value: Mapping[str, Any]) -> bool:
        """Keep a thing unless somebody is writing; return whether it was kept."""
        if not self.is_lasting:
            return False
        with self._database.free_writer() as is_free:
            if is_free:
                self.save(kind, key, value)
            return is_free

    def remove(self, kind: str, keys: Iterable[str]) -> None:
        """Forget things."""
        rows = [(kind, key) for key in keys]
        if not self.is_lasting or not rows:
            return
        with self._database.transaction() as connection:
            for table in ("_kept", "_kept_part"):
                connection.executemany(f"DELETE FROM {table} WHERE kind = ? AND key = ?", rows)

    def all(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Return all things of a kind by key."""
        if not self.is_lasting:
            return []
        rows = self._database.read("SELECT key, value FROM _kept WHERE kind = ? ORDER BY key", (kind,))
        return [(key, json.loads(value)) for key, value in rows]

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return one thing."""
        if not self.is_lasting:
            return None
        rows = self._database.read("SELECT value FROM _kept WHERE kind = ? AND key = ?", (kind, key))
        return json.loads(rows[0][0]) if rows else None

    def part(self, kind: str, key: str, name: str) -> Iterator[bytes]:
        """Give the pieces of a part in their order."""
        sql = "SELECT content FROM _kept_part WHERE kind = ? AND key = ? AND name = ? AND part = ?"
        number = 0
        while rows := self._database.read(sql, (kind, key, name, number)):
            yield rows[0][0]
            number += 1

    def has_part(self, kind: str, key: str, name: str) -> bool:
        """Tell whether a thing has a part, empty or not."""
        return next(self.part(kind, key, name), None) is not None
