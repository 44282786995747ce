"""Each condition that the SQL raises is a row of docs/errors.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A notice, no error: what is left in a schema after it was given back.
NOTICES = frozenset({"00000"})


def raised() -> set[str]:
    files = [*(ROOT / "sql" / "deploy").rglob("*.sql"), *(ROOT / "triggers").glob("*.sql")]
    return {found for file in files
            for found in re.findall(r"ERRCODE = '(\w+)'", file.read_text(encoding="utf-8"))}


def test_every_condition_that_is_raised_is_documented() -> None:
    documented = set(re.findall(r"\w+", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")))
    assert {"SF002", "object_in_use"} <= raised()
    assert raised() - documented - NOTICES == set()
