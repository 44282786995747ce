"""What a transaction that commits late did when it was rehearsed, so that it does the same when it commits.

Others commit in between: what was refused may be possible by then, and must not be done, for it was answered already.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.store.locks import Grip


def _no_numbers() -> dict[str, deque[int]]:
    return defaultdict(deque)


@dataclass
class Deed:
    """What became of one record: the numbers it took, and why it was refused, if it was."""

    numbers: dict[str, deque[int]] = field(default_factory=_no_numbers)
    refusal: ApiError | None = None


@dataclass
class Tape:
    """Record by record what a transaction did, so that running it again gives the same ids, and what it holds."""

    numbers: dict[str, deque[int]] = field(default_factory=_no_numbers)  # taken from sequences, now
    deeds: deque[Deed] = field(default_factory=deque)
    grip: Grip = field(default_factory=Grip)
    is_replayed: bool = False
    _is_in_deed: bool = False

    @contextmanager
    def deed(self) -> Iterator[None]:
        """Note what becomes of a record; or refuse what was refused then, and give the same numbers out again."""
        if self._is_in_deed:
            yield
            return
        deed = self.deeds.popleft() if self.is_replayed else Deed()
        if deed.refusal is not None:
            raise deed.refusal
        others, self.numbers, self._is_in_deed = self.numbers, deed.numbers, True
        try:
            yield
        except ApiError as error:
            deed.refusal = error
            raise
        finally:
            self.numbers, self._is_in_deed = others, False
            if not self.is_replayed:
                self.deeds.append(deed)
