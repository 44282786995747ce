"""All mutants: the tables beside this file, one of them for each kind of cases."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.mutant import Mutant

FOLDER = Path(__file__).parent


def read() -> Iterator[Mutant]:
    for table in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]:
            yield Mutant(**entry)


MUTANTS: tuple[Mutant, ...] = tuple(read())
