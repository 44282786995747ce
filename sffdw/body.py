"""An answer too long for the memory, read piece by piece while other work of the backend goes on in between."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import requests

from sffdw.errors import Error
from sffdw.failures import FOREIGN
from sffdw.host import Host

# As long as some thousand rows, so that handing a piece over costs nothing beside reading it.
PIECE_BYTES = 1 << 18


class Body:
    """An answer whose body is read piece by piece, decompressed on the way.

    begun: pieces that are read already; rest: what gives the others.
    """

    def __init__(self, response: requests.Response, host: Host, stop: Callable[[], None],
                 failed: Callable[[Exception], Error], counted: Callable[[int], None],
                 begun: Sequence[bytes] = (), rest: Iterator[bytes] | None = None) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._host = host
        self._stop = stop
        self._failed = failed
        self._counted = counted
        self._begun = deque(begun)
        self._rest = rest

    def pieces(self) -> Iterator[bytes]:
        stream = self._rest or self._response.raw.stream(PIECE_BYTES, decode_content=True)

        def read() -> bytes:
            found: list[bytes] = []
            while sum(map(len, found)) < PIECE_BYTES and (part := next(stream, b"")):
                found.append(part)
            return b"".join(found)

        try:
            while self._begun:
                self._counted(len(self._begun[0]))
                # Not kept here while it is worked on.
                yield self._begun.popleft()
            while piece := self._host.run(read, self._stop):
                self._counted(len(piece))
                yield piece
        except FOREIGN as exc:
            raise self._failed(exc) from exc
        finally:
            self.close()

    def close(self) -> None:
        self._response.close()
