"""Each failure case of synchronisation has a test that bears its number, or a line in docs/limits.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = frozenset(range(1, 78))
# Proved against the wrapper's client where no engine is needed to provoke them.
FOLDERS = ("tests/integration", "tests/unit/wrapper")
MOST_LINES = 5


def numbers(pattern: str, text: str) -> set[int]:
    return {int(number) for found in re.findall(pattern, text) for number in re.findall(r"\d+", found)}


def cited() -> set[int]:
    """The cases that the names of test functions cite; `test_cases_26_to_41_…` cites the first and the last."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("test_*.py") if "sandbox" not in file.parts]
    return {number for file in files
            for number in numbers(r"\ndef test_cases?_((?:to_|\d+_)+)", file.read_text(encoding="utf-8"))}


def excused() -> set[int]:
    return numbers(r"\bcases? (\d+)", (ROOT / "docs" / "limits.md").read_text(encoding="utf-8"))


def test_every_case_has_a_test_or_a_reason() -> None:
    assert CASES - cited() - excused() == set()


def test_few_cases_are_excused_and_none_that_has_a_test() -> None:
    assert len(excused()) <= MOST_LINES
    assert excused() & cited() == set()


def test_every_number_that_is_cited_is_a_case() -> None:
    assert (cited() | excused()) - CASES == set()
