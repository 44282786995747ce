"""The table of mutants names tests that are there, for every case. Whether its texts are, `make mutants` says."""

from tests.mutants.mutant import misnamed
from tests.mutants.table import MUTANTS

# Has a run of its own: `make bad-deploy`.
UNPROVEN = {75}
CASES = frozenset(range(1, 78)) - UNPROVEN


def test_mutants_name_tests_of_their_cases() -> None:
    assert [flaw for one in MUTANTS for flaw in misnamed(one)] == []


def test_every_case_has_a_mutant() -> None:
    assert CASES - {int(one.case) for one in MUTANTS} == set()
