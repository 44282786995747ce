"""Sending a page of results while it is read, compressed on the way when the client asked for it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor

from aiohttp import web

_GZIP_BITS = 31


class _Reader:
    """Gives the pieces of a stream as they go over the wire."""

    def __init__(self, pieces: Iterator[bytes], *, is_compressed: bool) -> None:
        self._pieces = pieces
        self._packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_BITS) if is_compressed else None

    def next(self) -> bytes | None:
        """Return the next piece, None after the last; runs in a thread."""
        for piece in self._pieces:
            packed = piece if self._packer is None else self._packer.compress(piece)
            if packed:
                return packed
        if self._packer is None:
            return None
        rest, self._packer = self._packer.flush(), None
        return rest


async def send_pieces(
    response: web.StreamResponse,
    pieces: Iterator[bytes],
    executor: Executor,
    *,
    is_compressed: bool,
    most: int | None = None,
) -> bool:
    """Write a stream to a prepared response; False when `most` bytes were not enough for all of it."""
    loop, reader = asyncio.get_running_loop(), _Reader(pieces, is_compressed=is_compressed)
    left = most
    piece = await loop.run_in_executor(executor, reader.next)
    while piece is not None:
        if left is not None and len(piece) >= left:
            await response.write(piece[:left])
            return False
        left = None if left is None else left - len(piece)
        following = loop.run_in_executor(executor, reader.next)
        try:
            await response.write(piece)
        finally:
            piece = await following
    return True
