"""The org's clock: real time plus an offset and a rate, so that tests can move days in no time.

All stamps, the Date header, sessions, retention and delays are taken from here, never from the machine's clock.
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime


class Clock:
    """A settable clock; `now` is always in UTC."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base_real = time.monotonic()
        self._base_time = time.time()
        self._rate = 1.0

    def reset(self) -> None:
        """Go back to the machine's time and pace."""
        with self._lock:
            self._base_real, self._base_time, self._rate = time.monotonic(), time.time(), 1.0

    def timestamp(self) -> float:
        """Return seconds since the epoch as this org sees them."""
        with self._lock:
            return self._base_time + (time.monotonic() - self._base_real) * self._rate

    def now(self) -> datetime:
        """Return the org's time with microseconds, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, moment: datetime) -> None:
        """Jump to a moment and run on from there."""
        with self._lock:
            self._base_real, self._base_time = time.monotonic(), moment.timestamp()

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or, negative, back)."""
        with self._lock:
            self._base_time += seconds

    def set_rate(self, rate: float) -> None:
        """Let the org's seconds pass `rate` times as fast as real ones."""
        current = self.timestamp()
        with self._lock:
            self._base_real, self._base_time, self._rate = time.monotonic(), current, rate

    def state(self) -> dict[str, float]:
        """Return what `resume` needs to go on as if no time but real time had passed."""
        return {"real": time.time(), "time": self.timestamp(), "rate": self._rate}

    def resume(self, state: Mapping[str, float]) -> None:
        """Go on from a state that another process has left."""
        elapsed = max(0.0, time.time() - state["real"])
        with self._lock:
            self._base_real, self._rate = time.monotonic(), state["rate"]
            self._base_time = state["time"] + elapsed * state["rate"]

    @property
    def rate(self) -> float:
        """How many seconds of the org pass in a real one."""
        return self._rate
