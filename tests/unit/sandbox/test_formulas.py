"""Formula fields, validation rules, roll-up summaries."""

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller

FORMULAS: list[tuple[str, str, Any]] = [
    ("Price__c * Quantity__c", "double", 30.0),
    ("Price__c / 0", "double", None),
    ("Missing__c + 1", "double", 1.0),
    ("-2 ^ 2 + 7 - 1", "double", 10.0),
    ("1 + 2 * 3", "double", 7.0),
    ("ROUND(2.345, 2) + MOD(7, 4) + ABS(-1) + CEILING(1.2) + FLOOR(1.8)", "double", 2.35 + 3 + 1 + 2 + 1),
    ("MAX(1, 3, 2) - MIN(4, 2)", "double", 1.0),
    ("VALUE('12.5') + LEN('abc')", "double", 15.5),
    ("YEAR(Day__c) + MONTH(Day__c) + DAY(Day__c)", "double", 2024.0 + 2 + 28),
    ("DATE(2024, 3, 1) - Day__c", "double", 2.0),
    ("IF(Price__c > 5 && NOT(On__c), 1, 0)", "double", 1.0),
    ("CASE(Kind__c, 'A', 1, 'B', 2, 3)", "double", 2.0),
    ("FIND('lo', 'hello')", "double", 4.0),
    ("Name & ' ' & TEXT(Kind__c)", "string", "Thing B"),
    ("LEFT('abcdef', 2) & MID('abcdef', 3, 2) & RIGHT('abcdef', 2)", "string", "abcdef"),
    ("UPPER('é') & LOWER('É') & TRIM('  x ') & LPAD('7', 3, '0') & RPAD('7', 3, '.')", "string", "Ééx0077.."),
    ("SUBSTITUTE('a-b', '-', '+')", "string", "a+b"),
    ("IF(ISBLANK(Missing__c), 'none', 'some')", "string", "none"),
    ("BLANKVALUE(Note__c, 'blank')", "string", "blank"),
    ("TEXT(Quantity__c) & '/' & TEXT(Day__c)", "string", "3/2024-02-28"),
    ("Note__c", "string", None),
    ("Account__r.Name", "string", "Acme"),
    ("Account__r.Owner.LastName", "string", "User"),
    ("HYPERLINK('http://x', 'y')", "string", '<a href="http://x" target="_blank">y</a>'),
    ("Day__c + 2", "date", "2024-03-01"),
    ("ADDMONTHS(Day__c, 12)", "date", "2025-02-28"),
    ("DATEVALUE(CreatedDate)", "date", "2025-06-18"),
    ("TODAY()", "date", "2025-06-18"),
    ("CreatedDate + 0.5", "datetime", "2025-06-19T00:00:00.000+0000"),
    ("ISPICKVAL(Kind__c, 'B')", "boolean", True),
    ("CONTAINS(Name, 'hin') && BEGINS(Name, 'Th') && REGEX(Name, 'T.*g')", "boolean", True),
    ("Name = 'thing'", "boolean", False),
    ("Note__c = ''", "boolean", True),
    ("Missing__c > 0 || On__c", "boolean", False),
    ("INCLUDES(Tags__c, 'x')", "boolean", True),
]


@pytest.fixture(scope="module")
def things(sf_module: Caller) -> Caller:
    fields: list[dict[str, Any]] = [
        {"name": "Price__c", "type": "currency"},
        {"name": "Quantity__c", "type": "double", "scale": 0},
        {"name": "Missing__c", "type": "double", "scale": 2},
        {"name": "Note__c", "type": "string", "length": 20},
        {"name": "On__c", "type": "boolean"},
        {"name": "Day__c", "type": "date"},
        {"name": "Kind__c", "type": "picklist", "values": ["A", "B"]},
        {"name": "Tags__c", "type": "multipicklist", "values": ["x", "y"]},
        {"name": "Account__c", "type": "reference", "referenceTo": ["Account"]},
    ]
    for number, (formula, kind, _) in enumerate(FORMULAS):
        field = {"name": f"F{number}__c", "type": kind, "formula": formula, "formulaTreatNullNumberAsZero": True}
        fields.append(field | ({"length": 255} if kind == "string" else {"scale": 2} if kind == "double" else {}))
    sf_module.post("/_sandbox/objects", {"name": "Thing__c", "fields": fields})
    account = sf_module.create("Account", Name="Acme")
    values = {"Price__c": 10, "Quantity__c": 3, "Day__c": "2024-02-28", "Kind__c": "B", "Tags__c": "x;y"}
    sf_module.create("Thing__c", Name="Thing", Account__c=account, **values)
    return sf_module


@pytest.mark.parametrize(
    ("number", "formula", "want"), [(n, f, w) for n, (f, _, w) in enumerate(FORMULAS)], ids=[f for f, _, _ in FORMULAS]
)
def test_a_formula_field_shows(things: Caller, number: int, formula: str, want: Any) -> None:
    got = things.values(f"SELECT F{number}__c FROM Thing__c")[0]
    assert got == (pytest.approx(want) if isinstance(want, float) else want)


def test_formula_fields_can_be_filtered_sorted_and_not_written(things: Caller) -> None:
    assert things.values("SELECT Name FROM Thing__c WHERE F0__c = 30 AND F21__c = 'acme' ORDER BY F0__c") == ["Thing"]
    record = things.values("SELECT Id FROM Thing__c")[0]
    reply = things.send("PATCH", f"/sobjects/Thing__c/{record}", {"F0__c": 1})
    assert reply.body[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert things.get(f"/sobjects/Thing__c/{record}")["F0__c"] == 30.0
    listed = things.send("GET", "/_sandbox/records/Thing__c?fields=F0__c").payload(False).decode()
    assert '"F0__c":30.0' in listed


def test_a_formula_changes_with_its_parent_and_no_stamp_moves(things: Caller) -> None:
    before = things.rows("SELECT SystemModstamp, LastModifiedDate FROM Thing__c")
    account = things.values("SELECT Account__c FROM Thing__c")[0]
    things.org.clock.advance(60)
    things.send("PATCH", f"/sobjects/Account/{account}", {"Name": "Renamed"})
    assert things.values("SELECT F21__c FROM Thing__c") == ["Renamed"]
    assert things.rows("SELECT SystemModstamp, LastModifiedDate FROM Thing__c") == before
    things.send("PATCH", f"/sobjects/Account/{account}", {"Name": "Acme"})


def test_validation_rules_refuse_records_that_meet_them(own_sf: Caller) -> None:
    sf = own_sf
    rules = [
        {
            "name": "size",
            "condition": "NumberOfEmployees < 0",
            "message": "No negative staff",
            "field": "NumberOfEmployees",
        },
        {
            "name": "stays",
            "condition": "ISCHANGED(Name) && NOT(ISNEW()) && PRIORVALUE(Name) = 'Fixed'",
            "message": "The name is fixed",
        },
        {"name": "parent", "condition": "Parent.Industry = 'Closed'", "message": "The parent is closed"},
    ]
    assert sf.send("PATCH", "/_sandbox/objects/Account", {"rules": rules}).status == 200
    refused = sf.send("POST", "/sobjects/Account", {"Name": "x", "NumberOfEmployees": -1})
    assert (refused.status, refused.body) == (
        400,
        [
            {
                "message": "No negative staff",
                "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "fields": ["NumberOfEmployees"],
            }
        ],
    )
    assert sf.rows("SELECT Id FROM Account") == []
    fixed = sf.create("Account", Name="Fixed", NumberOfEmployees=1)
    assert sf.send("PATCH", f"/sobjects/Account/{fixed}", {"Industry": "Closed"}).status == 204
    refused = sf.send("PATCH", f"/sobjects/Account/{fixed}", {"Name": "Other"})
    assert (refused.body[0]["message"], refused.body[0]["fields"]) == ("The name is fixed", [])
    assert (
        sf.send("POST", "/sobjects/Account", {"Name": "child", "ParentId": fixed}).body[0]["message"]
        == "The parent is closed"
    )
    assert sf.values("SELECT Name FROM Account") == ["Fixed"]


def test_summaries_follow_the_children(own_sf: Caller) -> None:
    sf = own_sf
    sf.post("/_sandbox/objects", {"name": "Top__c", "fields": []})
    line = [
        {"name": "Amount__c", "type": "double", "scale": 2},
        {"name": "Top__c", "type": "reference", "referenceTo": ["Top__c"], "masterDetail": True},
    ]
    sf.post("/_sandbox/objects", {"name": "Line__c", "fields": line})
    about = {"object": "Line__c", "field": "Top__c"}
    fields = [
        {
            "name": "Count__c",
            "type": "double",
            "scale": 0,
            "calculated": True,
            "summary": {**about, "function": "count"},
        },
        {
            "name": "Big__c",
            "type": "double",
            "scale": 2,
            "calculated": True,
            "summary": {**about, "function": "sum", "of": "Amount__c", "filter": "Amount__c > 5"},
        },
    ]
    sf.send("PATCH", "/_sandbox/objects/Top__c", {"add_fields": fields})
    first, second = sf.create("Top__c"), sf.create("Top__c")
    lines = [sf.create("Line__c", Top__c=first, Amount__c=amount) for amount in (4, 6, 10)]

    def totals() -> list[tuple[float, float]]:
        return [(row["Count__c"], row["Big__c"]) for row in sf.rows("SELECT Count__c, Big__c FROM Top__c ORDER BY Id")]

    assert totals()[0] == (3.0, 16.0)
    audit = f"SELECT SystemModstamp, LastModifiedDate FROM Top__c WHERE Id = '{first}'"
    before = sf.rows(audit)[0]
    sf.org.clock.advance(60)
    sf.send("PATCH", f"/sobjects/Line__c/{lines[0]}", {"Amount__c": 8})
    assert totals()[0] == (3.0, 24.0)
    row = sf.rows(audit)[0]
    assert row["SystemModstamp"] > before["SystemModstamp"]
    assert row["LastModifiedDate"] == before["LastModifiedDate"]
    sf.change({"op": "update", "object": "Line__c", "id": lines[1], "values": {"Top__c": second}}, raw=True)
    sf.send("DELETE", f"/sobjects/Line__c/{lines[2]}")
    assert totals() == [(1.0, 8.0), (1.0, 6.0)]
    sf.change({"op": "undelete", "object": "Line__c", "id": lines[2]})
    assert totals() == [(2.0, 18.0), (1.0, 6.0)]
    sf.send("DELETE", f"/sobjects/Top__c/{first}")
    assert sf.values("SELECT Id FROM Line__c") == [lines[1]]
