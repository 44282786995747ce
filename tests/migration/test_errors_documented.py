"""Every SQLSTATE that our SQL and our Python raise stands in docs/errors.md."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_sqlstate_that_is_raised_is_documented() -> None:
    sources = [*ROOT.glob("sql/deploy/**/*.sql"), *ROOT.glob("triggers/*.sql")]
    conditions = {name for path in sources
                  for name in re.findall(r"ERRCODE = '(\w+)'|v_code := '(\w+)'", path.read_text("utf-8"))}
    raised = {first or second for first, second in conditions} - {"00000"}
    raised |= set(re.findall(r'sqlstate = "(\w{5})"', (ROOT / "sffdw" / "errors.py").read_text("utf-8")))
    assert {"SF002", "SF010", "undefined_object"} <= raised
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    documented = set(re.findall(r"^\| (\w{5}) \|(?: (\w+) \|)?", page, re.MULTILINE))
    assert raised - {word for row in documented for word in row} == set()
