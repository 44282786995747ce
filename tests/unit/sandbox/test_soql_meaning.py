"""What statements answer: nulls, case, dates, parents, children, groups, order; on a small set of records."""

import json
from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture(scope="module", autouse=True)
def people(sf_module: Caller) -> None:
    sf_module.post(
        "/_sandbox/objects",
        {
            "name": "Site__c",
            "fields": [
                {"name": "Tags__c", "type": "multipicklist", "values": ["red", "green", "blue"]},
                {"name": "Place__c", "type": "location"},
                {"name": "Place__Latitude__s", "type": "double", "scale": 6, "compoundFieldName": "Place__c"},
                {"name": "Place__Longitude__s", "type": "double", "scale": 6, "compoundFieldName": "Place__c"},
                {"name": "Opens__c", "type": "time"},
                {
                    "name": "Code__c",
                    "type": "string",
                    "length": 10,
                    "caseSensitive": True,
                    "unique": True,
                    "externalId": True,
                },
                {"name": "Account__c", "type": "reference", "referenceTo": ["Account"]},
            ],
        },
    )
    accounts = [
        {"Name": "Acme", "Industry": "Banking", "AnnualRevenue": 100, "NumberOfEmployees": 5},
        {"Name": "acme two", "Industry": "Energy", "AnnualRevenue": 2.5e7},
        {"Name": "Ärger", "Industry": None, "AnnualRevenue": None},
        {"Name": "100% _real_", "Industry": "Banking", "AnnualRevenue": -1},
    ]
    ids = [sf_module.create("Account", **values) for values in accounts]
    contacts = [
        {"LastName": "Beta", "FirstName": "Ann", "AccountId": ids[0], "Email": "ann@example.com"},
        {"LastName": "Alpha", "AccountId": ids[0]},
        {"LastName": "gamma", "AccountId": ids[1]},
        {"LastName": "Orphan"},
    ]
    people = [sf_module.create("Contact", **values) for values in contacts]
    sf_module.create("Task", Subject="Call", WhoId=people[0], WhatId=ids[1], ActivityDate="2025-06-18")
    sf_module.create("Task", Subject="Write")
    sites = [
        {
            "Tags__c": "red;blue",
            "Place__Latitude__s": 37.775,
            "Place__Longitude__s": -122.418,
            "Code__c": "a",
            "Account__c": ids[0],
        },
        {
            "Tags__c": "green",
            "Place__Latitude__s": 52.52,
            "Place__Longitude__s": 13.405,
            "Opens__c": "08:30:00",
            "Code__c": "A",
        },
        {"Tags__c": None},
    ]
    for values in sites:
        sf_module.create("Site__c", **values)


WHERE = [
    ("Name = 'ACME'", ["Acme"]),
    ("Name != 'acme'", ["acme two", "Ärger", "100% _real_"]),
    ("Name = 'äRGER'", ["Ärger"]),
    ("Name LIKE 'acme%'", ["Acme", "acme two"]),
    ("Name LIKE '%\\%%'", ["100% _real_"]),
    ("Name LIKE 'acm_'", ["Acme"]),
    ("Name LIKE 'ä%'", ["Ärger"]),
    ("Name > 'acme'", ["acme two", "Ärger"]),
    ("Industry = null", ["Ärger"]),
    ("Industry != null", ["Acme", "acme two", "100% _real_"]),
    ("Industry = ''", ["Ärger"]),
    ("Industry != 'banking'", ["acme two", "Ärger"]),
    ("Industry IN ('banking', null)", ["Acme", "Ärger", "100% _real_"]),
    ("Industry NOT IN ('Banking')", ["acme two", "Ärger"]),
    ("NOT Industry = 'Banking'", ["acme two", "Ärger"]),
    ("NOT (Industry = 'Banking' OR Name = 'acme two')", ["Ärger"]),
    ("AnnualRevenue > 0", ["Acme", "acme two"]),
    ("AnnualRevenue < 100", ["100% _real_"]),
    ("AnnualRevenue IN (100, -1)", ["Acme", "100% _real_"]),
    ("AnnualRevenue >= USD100", ["Acme", "acme two"]),
    ("AnnualRevenue = -1.0", ["100% _real_"]),
    ("NumberOfEmployees = 5", ["Acme"]),
    ("IsDeleted = false AND Name = 'Acme'", ["Acme"]),
    ("IsDeleted = null AND Name = 'Acme'", ["Acme"]),
    ("CreatedDate = TODAY AND Name = 'Acme'", ["Acme"]),
    ("CreatedDate > TODAY", []),
    ("CreatedDate >= 2025-06-18T12:00:00Z AND Name = 'Acme'", ["Acme"]),
    ("CreatedDate < 2025-06-18T14:00:00+02:00", []),
    ("Owner.Name = 'integration user' AND Name = 'Acme'", ["Acme"]),
    ("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'GAMMA')", ["acme two"]),
    ("Id NOT IN (SELECT AccountId FROM Contact)", ["Ärger", "100% _real_"]),
    ("Parent.Name = null AND Name = 'Acme'", ["Acme"]),
    ("(Name = 'Acme' OR Name = 'Ärger') AND Industry = null", ["Ärger"]),
]


@pytest.mark.parametrize(("condition", "want"), WHERE, ids=[condition for condition, _ in WHERE])
def test_a_condition_finds_these_accounts(sf_module: Caller, condition: str, want: list[str]) -> None:
    assert sf_module.values(f"SELECT Name FROM Account WHERE {condition}") == want


ORDER = [
    ("Name", ["100% _real_", "Acme", "acme two", "Ärger"]),
    ("Name DESC", ["Ärger", "acme two", "Acme", "100% _real_"]),
    ("AnnualRevenue", ["Ärger", "100% _real_", "Acme", "acme two"]),
    ("AnnualRevenue NULLS LAST", ["100% _real_", "Acme", "acme two", "Ärger"]),
    ("AnnualRevenue DESC", ["Ärger", "acme two", "Acme", "100% _real_"]),
    ("AnnualRevenue DESC NULLS LAST LIMIT 2", ["acme two", "Acme"]),
    ("Name LIMIT 2 OFFSET 1", ["Acme", "acme two"]),
    ("Industry NULLS LAST, Name DESC", ["Acme", "100% _real_", "acme two", "Ärger"]),
]


@pytest.mark.parametrize(("order", "want"), ORDER, ids=[order for order, _ in ORDER])
def test_an_order_gives_the_accounts_so(sf_module: Caller, order: str, want: list[str]) -> None:
    assert sf_module.values(f"SELECT Name FROM Account ORDER BY {order}") == want


SITES = [
    ("Tags__c INCLUDES ('red')", ["a"]),
    ("Tags__c INCLUDES ('red;green', 'green')", ["A"]),
    ("Tags__c INCLUDES ('blue;red')", ["a"]),
    ("Tags__c EXCLUDES ('red')", ["A", None]),
    ("Tags__c = 'blue;red'", ["a"]),
    ("Tags__c != 'blue;red'", ["A", None]),
    ("Tags__c = null", [None]),
    ("Code__c = 'A'", ["A"]),
    ("Opens__c > 08:00:00.000Z", ["A"]),
    ("DISTANCE(Place__c, GEOLOCATION(37.8, -122.4), 'km') < 10", ["a"]),
    ("DISTANCE(Place__c, GEOLOCATION(52.5, 13.4), 'mi') < 10", ["A"]),
    ("Account__r.Name = 'acme'", ["a"]),
    ("Account__r.Owner.Name != 'nobody'", ["a", "A", None]),
]


@pytest.mark.parametrize(("condition", "want"), SITES, ids=[condition for condition, _ in SITES])
def test_a_condition_finds_these_sites(sf_module: Caller, condition: str, want: list[str | None]) -> None:
    assert sf_module.values(f"SELECT Code__c FROM Site__c WHERE {condition}") == want


GROUPS: list[tuple[str, list[dict[str, Any]]]] = [
    ("SELECT COUNT(Id), MAX(AnnualRevenue) top FROM Account", [{"expr0": 4, "top": 2.5e7}]),
    ("SELECT COUNT(Industry), COUNT_DISTINCT(Industry) FROM Account", [{"expr0": 3, "expr1": 2}]),
    (
        "SELECT SUM(AnnualRevenue), AVG(AnnualRevenue), MIN(Name) FROM Account WHERE Industry = 'Banking'",
        [{"expr0": 99.0, "expr1": 49.5, "expr2": "100% _real_"}],
    ),
    (
        "SELECT Industry, COUNT(Id) n FROM Account GROUP BY Industry ORDER BY Industry NULLS LAST",
        [{"Industry": "Banking", "n": 2}, {"Industry": "Energy", "n": 1}, {"Industry": None, "n": 1}],
    ),
    ("SELECT Industry FROM Account GROUP BY Industry HAVING COUNT(Id) > 1", [{"Industry": "Banking"}]),
    (
        "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Account GROUP BY CALENDAR_YEAR(CreatedDate)",
        [{"y": 2025, "expr0": 4}],
    ),
    (
        "SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name ORDER BY COUNT(Id) DESC, Account.Name",
        [{"Name": "Acme", "n": 2}, {"Name": None, "n": 1}, {"Name": "acme two", "n": 1}],
    ),
    (
        "SELECT Industry, GROUPING(Industry) g, COUNT(Id) n FROM Account GROUP "
        "BY ROLLUP(Industry) ORDER BY GROUPING(Industry), Industry",
        [
            {"Industry": None, "g": 0, "n": 1},
            {"Industry": "Banking", "g": 0, "n": 2},
            {"Industry": "Energy", "g": 0, "n": 1},
            {"Industry": None, "g": 1, "n": 4},
        ],
    ),
]


@pytest.mark.parametrize(("soql", "want"), GROUPS, ids=[soql for soql, _ in GROUPS])
def test_groups_are_answered_so(sf_module: Caller, soql: str, want: list[dict[str, Any]]) -> None:
    assert sf_module.rows(soql) == want


def test_a_cube_has_every_combination(sf_module: Caller) -> None:
    rows = sf_module.rows(
        "SELECT Industry, Name, GROUPING(Industry) i, GROUPING(Name) n, "
        "COUNT(Id) c FROM Account GROUP BY CUBE(Industry, Name)"
    )
    by_set = {
        key: sum(row["c"] for row in rows if (row["i"], row["n"]) == key) for key in [(0, 0), (0, 1), (1, 0), (1, 1)]
    }
    assert by_set == {(0, 0): 4, (0, 1): 4, (1, 0): 4, (1, 1): 4}
    assert len(rows) == 4 + 3 + 4 + 1


def test_parents_are_objects_and_missing_ones_null(sf_module: Caller) -> None:
    rows = sf_module.rows(
        "SELECT LastName, Account.Name, Account.Owner.Alias, Account.Id FROM Contact ORDER BY LastName"
    )
    assert [row["LastName"] for row in rows] == ["Alpha", "Beta", "gamma", "Orphan"]
    assert rows[0]["Account"] == {"Name": "Acme", "Owner": {"Alias": "user"}, "Id": rows[1]["Account"]["Id"]}
    assert rows[3]["Account"] is None


def test_fields_stand_in_select_order_under_canonical_names(sf_module: Caller) -> None:
    record = sf_module.query("select NAME, id, c.ACCOUNT.name from contact c where c.lastname = 'beta'")["records"][0]
    assert list(record) == ["attributes", "Name", "Id", "Account"]
    assert record["Name"] == "Ann Beta"
    assert record["attributes"] == {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{record['Id']}"}


def test_children_are_a_result_of_their_own_or_null(sf_module: Caller) -> None:
    rows = sf_module.query(
        "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC) FROM Account ORDER BY Name"
    )["records"]
    assert [row["Contacts"] and [child["LastName"] for child in row["Contacts"]["records"]] for row in rows] == [
        None,
        ["Beta", "Alpha"],
        ["gamma"],
        None,
    ]
    assert rows[1]["Contacts"]["totalSize"] == 2
    assert rows[1]["Contacts"]["done"] is True


def test_child_limits_count_per_parent(sf_module: Caller) -> None:
    rows = sf_module.rows(
        "SELECT (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1) FROM Account WHERE Name LIKE 'acme%'"
    )
    assert [[child["LastName"] for child in row["Contacts"]["records"]] for row in rows] == [["Alpha"], ["gamma"]]


def test_polymorphic_references_show_name_and_type(sf_module: Caller) -> None:
    record, other = sf_module.query("SELECT Subject, Who.Name, What.Name, What.Type FROM Task ORDER BY Subject")[
        "records"
    ]
    assert record["Who"]["attributes"]["type"] == "Contact"
    assert (record["Who"]["Name"], record["What"]["Name"], record["What"]["Type"]) == (
        "Ann Beta",
        "acme two",
        "Account",
    )
    assert (other["Who"], other["What"]) == (None, None)
    assert sf_module.values("SELECT Subject FROM Task WHERE What.Type = 'Account'") == ["Call"]


def test_typeof_shows_the_fields_of_the_branch(sf_module: Caller) -> None:
    soql = (
        "SELECT TYPEOF What WHEN Account THEN Name, AnnualRevenue WHEN "
        "Opportunity THEN Amount ELSE Name END FROM Task ORDER BY Subject"
    )
    first, second = sf_module.query(soql)["records"]
    assert first["What"]["attributes"]["type"] == "Account"
    assert (first["What"]["Name"], first["What"]["AnnualRevenue"]) == ("acme two", 2.5e7)
    assert second["What"] is None
    fallback = sf_module.query(
        "SELECT TYPEOF What WHEN Opportunity THEN Amount ELSE Name END FROM Task ORDER BY Subject"
    )
    assert fallback["records"][0]["What"] == {"attributes": first["What"]["attributes"], "Name": "acme two"}


def test_count_has_a_size_and_no_records(sf_module: Caller) -> None:
    assert sf_module.query("SELECT COUNT() FROM Account") == {"totalSize": 4, "done": True, "records": []}
    assert sf_module.query("SELECT COUNT() FROM Account LIMIT 3")["totalSize"] == 3


def test_compound_fields_are_objects(sf_module: Caller) -> None:
    rows = sf_module.rows("SELECT Place__c FROM Site__c")
    assert rows[0]["Place__c"] == {"latitude": 37.775, "longitude": -122.418}
    assert rows[2]["Place__c"] is None


def test_functions_in_the_select_list(sf_module: Caller) -> None:
    row = sf_module.rows(
        "SELECT FORMAT(AnnualRevenue), toLabel(Industry), "
        "convertCurrency(AnnualRevenue) usd FROM Account WHERE Name = 'acme two'"
    )[0]
    assert row == {"AnnualRevenue": "$25,000,000.00", "Industry": "Energy", "usd": 2.5e7}


def test_fields_selects_groups_of_fields(sf_module: Caller) -> None:
    custom = sf_module.rows("SELECT FIELDS(CUSTOM) FROM Site__c WHERE Code__c = 'a' LIMIT 1")[0]
    assert set(custom) == {
        "Tags__c",
        "Place__c",
        "Place__Latitude__s",
        "Place__Longitude__s",
        "Opens__c",
        "Code__c",
        "Account__c",
    } - {"Place__Latitude__s", "Place__Longitude__s"} | {key for key in custom if key.endswith("__s")}
    standard = sf_module.rows("SELECT FIELDS(STANDARD) FROM Site__c")[0]
    assert "Id" in standard and "Code__c" not in standard


def test_a_scope_limits_to_the_users_own_records(sf: Caller) -> None:
    other = json.loads(sf.send("PUT", "/_sandbox/users/o@example.com", {}).payload(False))["user_id"]
    sf.create("Account", Name="mine")
    sf.create("Account", Name="theirs", OwnerId=other)
    assert sf.values("SELECT Name FROM Account USING SCOPE mine") == ["mine"]
    assert sf.values("SELECT Name FROM Account USING SCOPE everything") == ["mine", "theirs"]
    assert sf.refusal("SELECT Name FROM Account USING SCOPE nonsense")[0] == "MALFORMED_QUERY"


def test_child_subqueries_nest_since_58(sf: Caller) -> None:
    account = sf.create("Account", Name="A")
    contact = sf.create("Contact", LastName="C", AccountId=account)
    sf.create("Case", Subject="S", ContactId=contact)
    soql = "SELECT Name, (SELECT LastName, (SELECT Subject FROM Cases) FROM Contacts) FROM Account"
    child = sf.rows(soql)[0]["Contacts"]["records"][0]
    assert (child["LastName"], child["Cases"]["records"]) == ("C", [{"Subject": "S"}])
    old = sf.get("/services/data/v57.0/query?q=" + soql.replace(" ", "+"))
    assert old[0]["errorCode"] == "MALFORMED_QUERY"


def test_the_keyset_condition_of_a_poll_uses_the_cursor_index(sf_module: Caller) -> None:
    from sffdw.sandbox.soql.compiler import compile_soql
    from sffdw.sandbox.soql.settings import Settings

    org = sf_module.org
    soql = (
        "SELECT Id, Name FROM Account WHERE SystemModstamp < "
        "2030-01-01T00:00:00Z AND (SystemModstamp > 2025-01-01T00:00:00Z "
        "OR (SystemModstamp = 2025-01-01T00:00:00Z AND Id > "
        "'001000000000000AAA')) ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    plan = compile_soql(soql, org.schema, Settings())
    steps = [row[3] for row in org.store.reader.execute(f"EXPLAIN QUERY PLAN {plan.rows_sql()}", plan.params)]
    assert any("USING INDEX Account.SystemModstamp (SystemModstamp>? AND SystemModstamp<?)" in step for step in steps)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
