"""`make mutants`: switches off one mechanism after another and runs the one test that must notice.

First every test runs with nothing switched off. A mutant whose test still passes has survived: the test is weak, or the
mechanism does nothing. CASE=3,17,2.4 takes only these cases, and the rows of these sections of the contract. Ends with
1 if anything but `killed` was seen.
"""

import argparse
import os
import signal
import sys
import time

from tests.mutants import ground
from tests.mutants.mutant import Mutant, flaws
from tests.mutants.table import MUTANTS

KILLED = "killed"


def chosen(cases: str) -> list[Mutant]:
    wanted = {one.strip() for one in cases.split(",") if one.strip()}
    return [one for one in MUTANTS if not wanted or {one.case, one.case.split()[0]} & wanted]


def check_unharmed(mutants: list[Mutant]) -> bool:
    """Whether all tests pass as things stand: else their failing would prove nothing."""
    tests = list(dict.fromkeys(one.test for one in mutants))
    verdict = ground.run_tests(tests)
    print(f"nothing switched off: {len(tests)} tests {verdict.outcome} in {verdict.seconds:.0f} s {verdict.told}",
          flush=True)
    return verdict.outcome == "passed"


def judge(mutant: Mutant) -> bool:
    """Run one mutant; print and return whether it was killed."""
    if found := list(flaws(mutant)):
        print(f"FLAWED   {mutant}: {'; '.join(found)}", flush=True)
        return False
    with ground.switched_off(mutant):
        verdict = ground.run_tests([mutant.test])
    # Many rows of the contract share a test, which says those that do not hold.
    is_killed = verdict.outcome == KILLED and (not mutant.is_row or mutant.case in verdict.failure)
    outcome = KILLED if is_killed else "SURVIVED" if verdict.outcome == "passed" else "UNPROVEN"
    told = f" | {verdict.told}" if is_killed else f" | {mutant.test_name}: {verdict.outcome} {verdict.told}"
    print(f"{outcome:8} {mutant} ({verdict.seconds:.0f} s){told}", flush=True)
    return is_killed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--cases", default=os.environ.get("CASE", ""))
    parser.add_argument("--trusting", action="store_true", help="do not run the tests with nothing switched off first")
    given = parser.parse_args()
    mutants = chosen(given.cases)
    # Whoever ends the program ends a test run too, and has what is installed put in order again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    with ground.copied_tree():
        if not given.trusting and not check_unharmed(mutants):
            return 1
        results = [judge(one) for one in mutants]
    print(f"mutants: {sum(results)} of {len(results)} killed in {time.monotonic() - began:.0f} s")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
