"""Figures of one bench, and ways to take them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One measurement; `against` names the figure of the same bench that it is compared with."""

    name: str
    value: float
    unit: str
    against: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bounds."""
        is_enough = self.at_least is None or self.value >= self.at_least
        return is_enough and (self.at_most is None or self.value <= self.at_most)


@dataclass
class Sheet:
    """What a bench has measured so far."""

    bench: str
    about: str
    rows: int
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        against: str | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> float:
        """Add a figure and return its value. Raises ValueError for a baseline that has not been measured before."""
        if against is not None:
            self.value(against)
        if any(known.name == name for known in self.figures):
            raise ValueError(f'figure "{name}" is measured twice')
        self.figures.append(Figure(name, value, unit, against, at_least, at_most))
        return value

    def value(self, name: str) -> float:
        """Return the value of a figure."""
        for figure in self.figures:
            if figure.name == name:
                return figure.value
        raise ValueError(f'no figure "{name}" has been measured')

    def ratio(self, figure: Figure) -> float | None:
        """Return a figure as a multiple of its baseline."""
        if figure.against is None:
            return None
        base = self.value(figure.against)
        return figure.value / base if base else None


def seconds(work: Callable[[], object]) -> float:
    """Do some work once and return how long it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best_seconds(work: Callable[[], object], times: int = 3) -> float:
    """Do some work several times and return the least it took: what else the machine does only ever adds to it."""
    return min(seconds(work) for _ in range(times))
