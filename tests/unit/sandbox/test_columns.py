"""What `?columns=true` says about the columns of a query, which the command line of others reads before it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller

# Statement, and per column: aggregate, apexType, columnName, displayName, foreignKeyName, kind, and of those inside.
QUERIES: list[tuple[str, list[Any]]] = [
    (
        "SELECT Id, Name FROM Contact",
        [(False, "Id", "Id", "Id", None, ""), (False, "String", "Name", "Name", None, "t")],
    ),
    ("SELECT AVG(Amount) FROM Opportunity", [(True, None, "expr0", "avg(Amount)", None, "n")]),
    (
        "SELECT CampaignId, MAX(Name) top FROM Opportunity GROUP BY CampaignId",
        [(False, "Id", "CampaignId", "CampaignId", None, ""), (True, None, "top", "max(Name)", None, "t")],
    ),
    (
        "SELECT Owner.Name FROM Account",
        [(False, None, "Owner", "Owner", "OwnerId", "", (False, "String", "Name", "Name", None, "t"))],
    ),
    (
        "SELECT (SELECT LastName FROM Contacts) FROM Account",
        [(True, None, "Contacts", "Contacts", None, "", (False, "String", "LastName", "LastName", None, "t"))],
    ),
    (
        "SELECT IsDeleted, AnnualRevenue FROM Account",
        [
            (False, "Boolean", "IsDeleted", "IsDeleted", None, "b"),
            (False, "Double", "AnnualRevenue", "AnnualRevenue", None, "n"),
        ],
    ),
    ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", [(False, None, "What", "What", "WhatId", "")]),
    ("SELECT COUNT() FROM Account", []),
]


def shown(column: dict[str, Any]) -> tuple[Any, ...]:
    kinds = {"t": "textType", "n": "numberType", "b": "booleanType"}
    kind = "".join(letter for letter, name in kinds.items() if column[name])
    names = ("aggregate", "apexType", "columnName", "displayName", "foreignKeyName")
    return (*(column[name] for name in names), kind, *map(shown, column["joinColumns"]))


@pytest.mark.parametrize(("soql", "want"), QUERIES)
def test_columns_are_described(sf: Caller, soql: str, want: list[Any]) -> None:
    answer = sf.get(target(soql))
    assert [shown(column) for column in answer["columnMetadata"]] == want


def target(soql: str) -> str:
    return f"/query?q={soql.replace(' ', '+')}&columns=true"


def test_a_query_is_described_as_a_whole(sf: Caller) -> None:
    answer = sf.get(target("SELECT Id FROM Account"))
    assert {name: answer[name] for name in ("entityName", "groupBy", "idSelected", "keyPrefix")} == {
        "entityName": "Account",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "001",
    }
    assert sf.get(target("SELECT Name FROM Account GROUP BY Name"))["groupBy"] is True


SAMPLES = {
    "simpleQuery": "SELECT Id, Name FROM Contact",
    "aggregateQuery": "SELECT CampaignId, AVG(Amount) FROM Opportunity GROUP BY CampaignId",
    "queryWithJoin": "SELECT Name, Owner.Name FROM Contact",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_columns_are_those_of_real_orgs(sf: Caller, fixtures_dir: Path, name: str) -> None:
    file = fixtures_dir / "cli-plugin-data" / "columnMetadata_exemplars.json"
    assert sf.get(target(SAMPLES[name]))["columnMetadata"] == json.loads(file.read_text())[name]
