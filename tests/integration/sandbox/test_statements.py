"""Real statements on objects made by --auto-schema: they run, or are refused with a code that is documented."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import Process, start_process

DOCUMENTED = {
    "MALFORMED_QUERY",
    "INVALID_FIELD",
    "INVALID_TYPE",
    "INVALID_QUERY_FILTER_OPERATOR",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "QUERY_TOO_COMPLICATED",
    "INVALID_TYPE_FOR_OPERATION",
}


@pytest.fixture(scope="module")
def willing() -> Iterator[Process]:
    process = start_process(["--auto-schema"])
    process.login()
    yield process
    assert process.stop() == 0
    assert process.popen.stdout is not None
    process.popen.stdout.close()


def test_accepted_statements_run_or_are_refused_properly(
    willing: Process, fixtures_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(os.environ.get("STATEMENTS") or fixtures_dir / "soql" / "statements.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    outcomes: Counter[str] = Counter()
    for row in rows:
        if not row.get("sf_antlr_rest"):
            continue
        reply = willing.call("GET", "/query", params={"q": row["soql"]})
        assert reply.status_code in {200, 400, 414}, (row["soql"], reply.text)
        outcomes["ran" if reply.status_code == 200 else reply.json()[0]["errorCode"]] += 1
    if os.environ.get("SANDBOX_REPORT"):
        with capsys.disabled():
            print(f"\nstatements on objects that they make: {dict(outcomes)}", end="")
    assert set(outcomes) <= DOCUMENTED | {"ran", "URI_TOO_LONG"}
    # Of another file nobody knows how many of its statements make sense.
    assert os.environ.get("STATEMENTS") or outcomes["ran"] / outcomes.total() > 0.9, outcomes


def test_unknown_names_become_objects_fields_and_relationships(willing: Process) -> None:
    soql = (
        "SELECT Id, Size__c, Owner__r.Mood__c, (SELECT Color__c FROM Wheels__r) FROM Cart__c "
        "WHERE Size__c > 5 AND Built__c = 2024-01-01 AND Open__c = true"
    )
    assert willing.query(soql)["totalSize"] == 0
    described = willing.call("GET", "/sobjects/Cart__c/describe").json()
    kinds = {field["name"]: field["type"] for field in described["fields"]}
    assert {name: kinds[name] for name in ("Size__c", "Built__c", "Open__c", "Owner__c")} == {
        "Size__c": "double",
        "Built__c": "date",
        "Open__c": "boolean",
        "Owner__c": "reference",
    }
    assert "Wheels__r" in [child["relationshipName"] for child in described["childRelationships"]]
