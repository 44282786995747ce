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
        self._file: int | None = None  # opened when it is first needed: kept results are many and seldom read
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
            _write_all(self._descriptor(), b"".join(rows))
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
        position, stop = self._ends[first], self._ends[end]
        file = self._fetched() if position < stop else -1
        while position < stop:
            piece = os.pread(file, min(_CHUNK_BYTES, stop - position), position)
            position += len(piece)
            yield piece

    def _descriptor(self) -> int:
        if self._file is None:
            self._file = self._new_file()
        return self._file

    def _new_file(self) -> int:
        file = _unnamed_file()
        weakref.finalize(self, os.close, file)
        return file

    def _fetched(self) -> int:
        """Return the file with all rows, those of a kept result fetched once."""
        with self._lock:
            if self._source is not None:
                file = self._new_file()
                for piece in self._source():
                    _write_all(file, piece)
                self._file, self._source = file, None
            return self._descriptor()


def _unnamed_file() -> int:
    descriptor, path = tempfile.mkstemp(prefix="sffdw-sandbox-")
    os.unlink(path)
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
