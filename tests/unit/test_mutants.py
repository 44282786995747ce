"""The table of mutants: each switches off something that is there, and names a test of its case that is there."""

import pytest

from tests.mutants.mutant import Mutant, flaws
from tests.mutants.table import MUTANTS

# Proved on the wire or by a run of its own: `make bad-deploy`.
UNPROVEN = {75}
CASES = frozenset(range(1, 78)) - UNPROVEN


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{place}-{one.case}" for place, one in enumerate(MUTANTS)])
def test_mutant_fits_the_files_as_they_are(mutant: Mutant) -> None:
    assert list(flaws(mutant)) == []


def test_every_case_has_a_mutant() -> None:
    assert CASES - {int(one.case) for one in MUTANTS} == set()
