"""The table of mutants names tests that are there, for every case, and for every row about the trigger log that a test
holds against the contract. Whether its texts are there, `make mutants` says.
"""

from tests.mutants.mutant import ROOT, misnamed, rows_of_contract
from tests.mutants.table import MUTANTS

CASES = frozenset(range(1, 78))


def test_mutants_name_tests_of_their_cases() -> None:
    assert [flaw for one in MUTANTS for flaw in misnamed(one)] == []


def test_every_case_has_a_mutant() -> None:
    assert CASES - {int(one.case) for one in MUTANTS if not one.is_row} == set()


def test_every_row_about_the_trigger_log_has_a_mutant() -> None:
    files = (ROOT / "tests" / "integration").rglob("test_trigger_log_contract.py")
    rows = set[str]().union(*(rows_of_contract(file.read_text(encoding="utf-8")) for file in files))
    assert len(rows) > 50
    assert rows ^ {one.case for one in MUTANTS if one.is_row} == set()
