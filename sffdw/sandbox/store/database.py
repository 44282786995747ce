"""SQLite behind the store: one writer at a time, a reader per thread, transactions that nest.

Readers see the last committed state (WAL); inside a transaction the thread reads what it has written itself.
"""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sffdw.sandbox.store.claim import Claim
from sffdw.sandbox.store.functions import register

_STATEMENT_CACHE = 512
_FOLDER = "sffdw-sandbox-"


class Database:
    """Connections to one SQLite file; without a path the file is private and goes when the process ends."""

    def __init__(self, path: Path | None, content: bytes | None = None) -> None:
        self._private = None if path else private_folder()
        self._claim = Claim(path) if path else None
        self.path = path or Path(str(self._private)) / "org.db"
        if content is not None:
            self.path.write_bytes(content)
        self._write_lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._depth = 0
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENT_CACHE
        )
        connection.execute(f"PRAGMA synchronous = {'OFF' if self._private else 'NORMAL'}")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA mmap_size = 2147483648")
        register(connection)
        return connection

    @property
    def is_in_transaction(self) -> bool:
        """Whether this thread has a transaction open."""
        return bool(getattr(self._local, "is_writing", False))

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection this thread reads with."""
        if self.is_in_transaction:
            return self._writer
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = self._connect()
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write: commit at the end, roll back on an exception; an inner one is a savepoint."""
        with self._write_lock:
            outermost = self._depth == 0
            name = f"level_{self._depth}"
            self._writer.execute("BEGIN IMMEDIATE" if outermost else f"SAVEPOINT {name}")
            self._depth += 1
            self._local.is_writing = True
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK" if outermost else f"ROLLBACK TO {name}")
                if not outermost:
                    self._writer.execute(f"RELEASE {name}")
                raise
            else:
                self._writer.execute("COMMIT" if outermost else f"RELEASE {name}")
            finally:
                self._depth -= 1
                self._local.is_writing = self._depth > 0

    @contextmanager
    def free_writer(self) -> Iterator[bool]:
        """Hold the writer if nobody else does; tells whether it is held."""
        is_free = self._write_lock.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._write_lock.release()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read several statements from one committed state."""
        connection = self.reader
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        return self.reader.execute(sql, parameters).fetchall()

    @property
    def is_private(self) -> bool:
        """Whether the file goes when the process ends."""
        return self._private is not None

    def content(self) -> bytes:
        """Return the whole database as bytes that a new one can begin with."""
        with self._write_lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return self.path.read_bytes()

    def close(self) -> None:
        """Close every connection and remove a private file."""
        with self._write_lock, self._readers_lock:
            for connection in (*self._readers, self._writer):
                connection.close()
        if self._claim is not None:
            self._claim.release()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)


def private_folder() -> Path:
    """Make a folder that names this process; folders of processes that died without cleaning up are removed."""
    for stale in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        pid = stale.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(stale, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))


def quote_name(name: str) -> str:
    """Quote an identifier for SQLite."""
    return '"' + name.replace('"', '""') + '"'
