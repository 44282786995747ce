"""What local sessions have committed, remembered outside the server, which is killed now and then."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One change of one row: its ticket, or the marker of a group of equal rows."""

    table: str
    row_id: int
    action: str
    ticket: int | None
    marker: str | None = None


@dataclass
class Journal:
    """The committed steps, and how many transactions were not.

    `equal_count` of the inserted rows have companions that are equal in every field.
    """

    wanted: int
    steps: list[Step] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    markers: Counter[str] = field(default_factory=Counter)
    equal_count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        return len(self.steps)

    @property
    def is_full(self) -> bool:
        return self.count >= self.wanted

    def commit(self, steps: list[Step]) -> None:
        with self.lock:
            self.steps += steps
            self.counts.update(step.action for step in steps)
            for marker in (step.marker for step in steps if step.marker is not None):
                self.markers[marker] += 1
                self.equal_count += {1: 0, 2: 2}.get(self.markers[marker], 1)

    def note(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1
