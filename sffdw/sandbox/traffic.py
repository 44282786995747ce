"""Requests that are being answered, so that an org can be replaced when none needs it any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Traffic:
    """Counts what is under way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0

    @property
    def running(self) -> int:
        """How many requests are being answered."""
        return self._running

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Count one request."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def wait_for_silence(self, timeout_s: float) -> bool:
        """Wait until nothing is under way; False when that takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, timeout_s)
