"""Result files: CSV written once by a job, read many times by pages, in any order and by any thread."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

_CHUNK_BYTES = 1 << 20


class ResultFile:
    """Rows of text in an unnamed file, with the offset of each; it goes when nobody holds it any more."""

    def __init__(self, header: bytes) -> None:
        self.header = header  # with its line ending
        self._file = _unnamed_file()
        weakref.finalize(self, os.close, self._file)
        self._ends = array("q", [0])
        self._lock = threading.Lock()
        self._source: Callable[[], Iterable[bytes]] | None = None  # of a kept result that nobody has read yet

    @classmethod
    def kept(cls, header: bytes, ends: bytes, source: Callable[[], Iterable[bytes]]) -> ResultFile:
        """Return a result that an earlier process has written; `source` gives its rows when they are first read."""
        result = cls(header)
        result._ends = array("q", zlib.decompress(ends))
        result._source = source
        return result

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return self._ends[-1]

    @property
    def ends(self) -> bytes:
        """The offsets of the rows, packed for keeping."""
        return zlib.compress(self._ends.tobytes(), 1)

    def append(self, rows: Sequence[bytes]) -> None:
        """Add rows; each ends with its line ending."""
        if rows:
            _write_all(self._file, b"".join(rows))
            ends = accumulate((len(row) for row in rows), initial=self._ends[-1])
            next(ends)
            self._ends.extend(ends)

    def page_bytes(self, first: int, end: int) -> int:
        """Return the length of a page with its header."""
        return len(self.header) + self._ends[end] - self._ends[first]

    def page(self, first: int, end: int) -> Iterator[bytes]:
        """Give the header and the rows from `first` up to `end`, in pieces."""
        yield self.header
        yield from self.rows(first, end)

    def rows(self, first: int, end: int) -> Iterator[bytes]:
        """Give the rows from `first` up to `end`, in pieces."""
        self._fetch()
        position, stop = self._ends[first], self._ends[end]
        while position < stop:
            piece = os.pread(self._file, min(_CHUNK_BYTES, stop - position), position)
            position += len(piece)
            yield piece

    def _fetch(self) -> None:
        with self._lock:
            if self._source is not None:
                for piece in self._source():
                    _write_all(self._file, piece)
                self._source = None


def _unnamed_file() -> int:
    descriptor, path = tempfile.mkstemp(prefix="sffdw-sandbox-")
    os.unlink(path)
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
