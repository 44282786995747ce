"""One mechanism that can be switched off: a text of a file, what takes its place, and the test that must notice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = "tests/"


@dataclass(frozen=True)
class Mutant:
    """`case` is a number that the test's name says, or the title of a row of the trigger log's contract, such as `2.3
    MERGED: …`, which the test says when it fails; `test` is below tests/."""

    case: str
    file: str
    old: str
    new: str
    test: str

    def __str__(self) -> str:
        kind = "row" if self.is_row else "case"
        return f"{kind} {self.case}: {self.file}: {self.old.strip().splitlines()[0].strip()[:60]}"

    @property
    def is_row(self) -> bool:
        return not self.case.isdecimal()

    @property
    def test_file(self) -> str:
        return TESTS + self.test.split("::")[0]

    @property
    def test_name(self) -> str:
        return self.test.split("::")[1].split("[")[0]

    def apply(self, text: str) -> str:
        """The file's text with the mechanism switched off."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self}: the text stands there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


def cited(test_name: str) -> range:
    """The cases that a test's name says: `test_case_3_…`, or `test_cases_26_to_31_…`."""
    found = re.match(r"test_cases?_(\d+)_(?:to_(\d+)_)?", test_name)
    return range(int(found[1]), int(found[2] or found[1]) + 1) if found else range(0)


def flaws(mutant: Mutant) -> Iterator[str]:
    """What makes a mutant no proof: a text or a test that is not there, a test that does not name the case."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        yield f"the text stands {text.count(mutant.old)} times in {mutant.file}"
    if mutant.old.strip() == mutant.new.strip():
        yield "nothing is changed"
    yield from misnamed(mutant)


def misnamed(mutant: Mutant) -> Iterator[str]:
    """What is wrong with the name of a mutant's test."""
    text = (ROOT / mutant.test_file).read_text(encoding="utf-8")
    if f"\ndef {mutant.test_name}(" not in text:
        yield f"{mutant.test_file} has no test {mutant.test_name}"
    if mutant.is_row and mutant.case not in rows_of_contract(text):
        yield f"{mutant.test_file} has no row {mutant.case}"
    if not mutant.is_row and int(mutant.case) not in cited(mutant.test_name):
        yield f"{mutant.test_name} does not name the case"


def rows_of_contract(text: str) -> set[str]:
    """The titles of the rows about the trigger log that a file of tests has."""
    return set(re.findall(r'"(2\.[2-5] [^"]+)"', text))
