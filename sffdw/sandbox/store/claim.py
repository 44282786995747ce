"""Opening the file that keeps an org: one process at a time, readable by its owner alone, whole or begun anew.

The file holds passwords, tokens and the key that signs id tokens.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

UNFINISHED = "unfinished"  # in `_meta` while a new org is being filled
SUFFIXES = ("", "-wal", "-shm")
_MODE = 0o600


class Claim:
    """The right of this process to a file, until it is released or the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._prepare()
        except BlockingIOError:
            os.close(self._lock)
            raise ValueError(f"{path} is in use by another sandbox") from None
        except BaseException:
            os.close(self._lock)
            raise

    def release(self) -> None:
        """Let others have the file."""
        os.close(self._lock)

    def _prepare(self) -> None:
        if self.path.exists() and self.path.stat().st_size and _is_unfinished(self.path):
            remove(self.path)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, _MODE))
        for suffix in SUFFIXES:
            if (found := Path(f"{self.path}{suffix}")).exists():
                found.chmod(_MODE)


def remove(path: Path) -> None:
    """Delete a store with what SQLite keeps beside it."""
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _is_unfinished(path: Path) -> bool:
    """Tell whether the making of the org was cut short; raises ValueError for a file that is no org's."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return False
            if "_meta" not in tables:
                raise ValueError(f"{path} is not the store of a sandbox")
            return connection.execute("SELECT 1 FROM _meta WHERE key = ?", (UNFINISHED,)).fetchone() is not None
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is not the store of a sandbox: {error}") from None
