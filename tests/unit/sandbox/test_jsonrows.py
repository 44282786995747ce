"""Rows that SQLite writes as JSON are to the letter those that Python would write."""

import json
from typing import Any

import pytest

from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.jsonrows import rows_sql
from sffdw.sandbox.soql.render import Renderer
from sffdw.sandbox.soql.settings import Settings
from tests.unit.sandbox.conftest import Caller

TEXTS = [
    *("", "plain", 'a "quoted" \\ text', "line\nfeed\r\ttab", "\b\f\x00\x01\x1f\x7f", "Zoë 日本 😀 \u2028"),
    *("%s %d '", "null"),
]
DOUBLES = [None, 0.0, -0.5, 1.0, 0.1 + 0.2, 1 / 3, 1e-3, 9.99e-4, 9999999.0, 9999999.5, 1e7, 12345678.9, 1e21, -1e15]
FLAT = "Id, Name, Score__c, Note__c, On__c, Day__c, At__c, Account__c, IsDeleted, CreatedDate"


@pytest.fixture
def items(sf: Caller) -> Caller:
    """Items with every text and every double, as they are stored."""
    item, count = sf.org.schema["Item__c"], max(len(TEXTS), len(DOUBLES))
    rows = [
        (
            record_id,
            f"I {place}",
            DOUBLES[place % len(DOUBLES)],
            TEXTS[place % len(TEXTS)] or None,
            place % 2,
            None if place % 3 else "2024-02-29",
            None if place % 4 else "2024-02-29T01:02:03.000+0000",
        )
        for place, record_id in enumerate(sf.org.store.new_ids(item, count))
    ]
    sf.org.store.insert_rows(item, ["Id", "Name", "Score__c", "Note__c", "On__c", "Day__c", "At__c"], rows)
    return sf


def both_ways(sf: Caller, soql: str, *, pretty: bool) -> tuple[list[str], list[str]]:
    """Return the rows of a statement as SQLite writes them and as Python does."""
    plan = compile_soql(soql, sf.org.schema, Settings())
    renderer = Renderer(plan, sf.org.schema, version="62.0", pretty=pretty)
    flat = rows_sql(plan, renderer)
    assert flat is not None
    connection = sf.org.store.reader
    source = f"FROM {plan.source} WHERE {plan.where} ORDER BY {plan.order}"
    written = [row[0] for row in connection.execute(f"SELECT {flat} {source}", plan.params)]
    rendered = [renderer.row(row) for row in connection.execute(f"SELECT {plan.select_list} {source}", plan.params)]
    return written, rendered


@pytest.mark.parametrize("pretty", [False, True])
@pytest.mark.parametrize("fields", [FLAT, "Id", "Score__c", "FIELDS(STANDARD)"])
def test_sqlite_writes_what_python_writes(items: Caller, fields: str, pretty: bool) -> None:
    written, rendered = both_ways(items, f"SELECT {fields} FROM Item__c", pretty=pretty)
    assert written == rendered
    assert len(written) == max(len(TEXTS), len(DOUBLES))
    assert all(json.loads(text)["attributes"]["type"] == "Item__c" for text in written)


def test_rows_may_have_more_fields_than_a_function_takes_arguments(own_sf: Caller) -> None:
    fields: list[dict[str, Any]] = [
        {"name": f"F{number:03}__c", "type": ("string", "double", "boolean")[number % 3], "length": 20}
        for number in range(250)
    ]
    own_sf.post("/_sandbox/objects", {"name": "Wide__c", "fields": fields})
    own_sf.create("Wide__c", Name="wide", F000__c="first", F249__c="last", F001__c=1.5)
    names = ", ".join(str(field["name"]) for field in fields)
    written, rendered = both_ways(own_sf, f"SELECT Id, {names} FROM Wide__c", pretty=False)
    assert written == rendered
    assert json.loads(written[0])["F249__c"] == "last"


@pytest.mark.parametrize(
    "soql",
    ["SELECT Account__r.Name FROM Item__c", "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
     "SELECT BillingAddress FROM Account", "SELECT COUNT(Id) FROM Account", "SELECT Body FROM Attachment"],
)
def test_rows_that_are_not_flat_are_left_to_python(sf: Caller, soql: str) -> None:
    plan = compile_soql(soql, sf.org.schema, Settings())
    assert rows_sql(plan, Renderer(plan, sf.org.schema, version="62.0", pretty=False)) is None
