"""The benches: one module each."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from benchmarks.sheet import Sheet
from benchmarks.stage import Stage


@dataclass(frozen=True)
class Bench:
    """A bench by the name of its module."""

    name: str
    about: str
    measure: Callable[[Sheet, Stage], None]


def all_names() -> list[str]:
    """List the benches there are."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def choose(wanted: Sequence[str], refuse: Callable[[str], NoReturn]) -> list[Bench]:
    """Return the benches that are named, or whose names begin so; all when none are named."""
    known = all_names()
    for name in wanted:
        if not any(one.startswith(name) for one in known):
            refuse(f'no bench "{name}"; there are: {", ".join(known)}')
    return [_load(one) for one in known if not wanted or any(one.startswith(name) for name in wanted)]


def _load(name: str) -> Bench:
    module = importlib.import_module(f"{__name__}.{name}")
    about = (module.__doc__ or "").partition("\n")[0].rstrip(".")
    measure: Callable[[Sheet, Stage], None] = module.measure
    return Bench(name, about, measure)
