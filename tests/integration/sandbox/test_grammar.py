"""Our grammar and Salesforce's own, on real statements and on mutations of them.

The verdicts lie beside the statements; where npm's package with the grammar is installed, it judges anew. STATEMENTS
names another file of the same form; SANDBOX_REPORT shows the figures and every disagreement with its reason.
"""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.parser import parse

JUDGE = Path(__file__).with_name("soql_verdicts.js")
TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[A-Za-z_0-9.:]+|\S")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
# What the grammar takes and an org does not: by what stands in the statement, outside of quotes.
REASONS = (
    (r"[<>!]\s+=", "an operator is written in one piece"),
    (r"\w\.\w+\s*\(", "the name of a function is one word"),
    (r"[^\w\s.,:()'=<>!*/-]|\+(?!\d)|!(?!=)", "a character that the grammar's lexer drops"),
    (r"(?i)\bselect\b(?:(?!\bfrom\b).)*[\w)]\s+\w+\.\w", "an alias is one word"),
    (r"(?i)\bfrom\s+\S+\s+\w+\.\w", "an alias is one word"),
    (r"(?i)\b(group)\s*(,|from\b|where\b|group\b|order\b|limit\b|\)|$)", "GROUP is no alias"),
    (r"(?i)\bfields\s*\([\w.\s]*\)\s*\w+", "FIELDS() has no alias"),
    (r"(?i)\bend\s+(?!from\b)\w+", "TYPEOF has no alias"),
    (r"(?i)\bwith\s+\w+\s*(\)|$|order\b|limit\b|group\b|for\b|update\b|with\b)", "WITH names a mode or compares"),
    (r"(?i)\bupdate\s+\w+", "UPDATE takes TRACKING and VIEWSTAT"),
    (r"(?i)\b(limit)\s*-", "LIMIT is not negative"),
    (r"(?i)(_DAYS|_WEEK|_MONTH|_QUARTER|_YEAR|DAY|TOMORROW)\s*:", "this date literal takes no number"),
)


def read(file: Path) -> list[dict[str, Any]]:
    """Read statements with verdicts."""
    found = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    return [row for row in found if row.get("sf_antlr_rest") is not None]


@pytest.fixture(scope="module")
def rows(fixtures_dir: Path) -> list[dict[str, Any]]:
    """The statements to judge."""
    return read(Path(os.environ.get("STATEMENTS") or fixtures_dir / "soql" / "statements.jsonl"))


@pytest.fixture(scope="module")
def judge() -> Any:
    """Salesforce's grammar: a function from statements to verdicts."""
    modules = Path(os.environ.get("SFFDW_NODE_MODULES") or "build/npm/node_modules").resolve()
    if shutil.which("node") is None or not (modules / "@salesforce" / "soql-common").exists():
        pytest.skip("npm's @salesforce/soql-common is not installed: make test-sandbox installs it where npm is")

    def verdicts(statements: Iterable[str]) -> list[bool]:
        lines = "\n".join(json.dumps(statement) for statement in statements)
        command = ["node", str(JUDGE), str(modules)]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
        return [bool(json.loads(line)["accepted"]) for line in done.stdout.splitlines()]

    return verdicts


def accepts(soql: str) -> bool:
    """Tell whether our grammar takes a statement."""
    try:
        parse(soql)
    except SoqlError:
        return False
    return True


def reason(soql: str, *, theirs: bool) -> str | None:
    """Say why we refuse what the grammar takes; that we take what it refuses has no reason."""
    bare = QUOTED.sub("''", " ".join(soql.split()))
    return next((text for pattern, text in REASONS if theirs and re.search(pattern, bare)), None)


def check(name: str, statements: list[str], verdicts: list[bool], capsys: pytest.CaptureFixture[str]) -> None:
    """Compare verdicts, report, and fail on what is not explained."""
    assert len(statements) == len(verdicts)
    pairs = dict(zip(statements, verdicts, strict=True))
    different = {soql: reason(soql, theirs=theirs) for soql, theirs in pairs.items() if accepts(soql) != theirs}
    if os.environ.get("SANDBOX_REPORT"):
        with capsys.disabled():
            print(f"\n{name}: {len(pairs) - len(different)} of {len(pairs)} statements judged alike", end="")
            for soql, why in sorted(different.items(), key=lambda item: str(item[1])):
                print(f"\n  {why or 'NOT EXPLAINED'}: {' '.join(soql.split())[:150]}", end="")
    assert [soql for soql, why in different.items() if why is None] == []


def test_real_statements_are_judged_alike(rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    statements = [row["soql"] for row in rows]
    check("recorded verdicts", statements, [row["sf_antlr_rest"] for row in rows], capsys)


def test_the_grammar_of_today_judges_as_recorded(
    rows: list[dict[str, Any]], judge: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    statements = list(dict.fromkeys(row["soql"] for row in rows))
    check("Salesforce's grammar", statements, judge(statements), capsys)


def test_mutations_are_judged_alike(
    fixtures_dir: Path, judge: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read(fixtures_dir / "soql" / "statements.jsonl")
    statements = list(dict.fromkeys(mutations([row["soql"] for row in rows if row["sf_antlr_rest"]], 2000)))
    check("Salesforce's grammar on mutations", statements, judge(statements), capsys)


def mutations(good: list[str], count: int) -> Iterable[str]:
    """Take, double, exchange or replace words of statements that are right."""
    dice = random.Random(5)
    words = [word for soql in good for word in TOKEN.findall(soql)]
    while count:
        found = TOKEN.findall(dice.choice(good))
        if len(found) > 80:
            continue
        count -= 1
        place, other = dice.randrange(len(found)), dice.randrange(len(found))
        match dice.randrange(4):
            case 0:
                del found[place]
            case 1:
                found.insert(place, found[other])
            case 2:
                found[place], found[other] = found[other], found[place]
            case 3:
                found[place] = dice.choice(words)
        yield " ".join(found)
