"""Cases 26 to 47: values that do not survive careless reading."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, refused

TEXT = "SELECT Name FROM Account ORDER BY Id"


def of(sf: Bulk, object_name: str, *fields: dict[str, Any]) -> None:
    """Define an object."""
    sf.post("/_sandbox/objects", {"name": object_name, "fields": list(fields)})


def text_field(name: str, length: int = 255, kind: str = "string") -> dict[str, Any]:
    """Describe a text field."""
    return {"name": name, "type": kind, "length": length}


@case(26)
def bulk_cannot_tell_null_from_empty(sf: Bulk) -> None:
    sf.create("Account", Name="x", Phone="")
    assert sf.rows("SELECT Phone, Fax FROM Account") == [{"Phone": None, "Fax": None}]
    assert sf.result("SELECT Phone, Fax FROM Account").splitlines() == ['"Phone","Fax"', '"",""']


@case(27, 28)
def texts_look_like_nothing_or_like_numbers(sf: Bulk) -> None:
    names = ["NA", "N/A", "None", "NULL", "nan", "01234", "821230000000000001", "1e5", "true"]
    for name in names:
        sf.create("Account", Name=name)
    assert sf.values(TEXT) == names
    assert [row["Name"] for row in sf.rows_of(TEXT)] == names


@case(29, 30)
def texts_hold_line_ends_quotes_commas_and_nuls(sf: Bulk) -> None:
    stored = 'a,"b"\n\nc\td;é🎈\0e'
    values = {"LastName": "x", "Description": stored}
    sf.change({"op": "create", "object": "Contact", "values": values}, raw=True)
    sf.create("Contact", LastName="y", Description='a\r\nb')
    assert sf.values("SELECT Description FROM Contact WHERE LastName = 'y'") == ["a\nb"]
    assert sf.values("SELECT Description FROM Contact WHERE LastName = 'x'") == [stored]
    (row,) = sf.rows_of("SELECT Description FROM Contact WHERE LastName = 'x'")
    assert row["Description"] == stored


@case(31)
def a_text_is_longer_than_csv_readers_expect(sf: Bulk) -> None:
    of(sf, "Long__c", text_field("Text__c", 200_000, "textarea"))
    sf.create("Long__c", Text__c="x" * 150_000)
    text = sf.result("SELECT Text__c FROM Long__c")
    limit = csv.field_size_limit(131_072)  # the default
    try:
        with pytest.raises(csv.Error, match="field larger than field limit"):
            list(csv.reader(io.StringIO(text)))
    finally:
        csv.field_size_limit(limit)
    assert len(sf.values("SELECT Text__c FROM Long__c")[0]) == 150_000


@case(32, 34, 35)
def numbers_come_with_fractions_exponents_and_many_digits(sf: Bulk) -> None:
    number = {"name": "Whole__c", "type": "double", "precision": 18, "scale": 0}
    money = {"name": "Money__c", "type": "currency", "precision": 18, "scale": 2}
    of(sf, "Sum__c", number, money)
    sf.create("Sum__c", Whole__c=5, Money__c=2_690_000_000)
    sf.create("Sum__c", Whole__c=0, Money__c=1234567890123.45)
    soql = "SELECT Whole__c, Money__c FROM Sum__c ORDER BY Id"
    text = sf.send("GET", "/query?q=" + soql.replace(" ", "+")).payload(False).decode()
    assert '"Whole__c":5.0,"Money__c":2.69E9' in text
    assert '"Money__c":1.23456789012345E12' in text
    assert [tuple(row.values()) for row in sf.rows_of(soql)] == [("5.0", "2.69E9"), ("0.0", "1.23456789012345E12")]


@case(33)
def what_is_no_number_is_refused(sf: Bulk) -> None:
    for value in (float("nan"), float("inf"), "NaN"):
        body = {"Must__c": "x", "Score__c": value}
        assert refused(sf, "POST", "/sobjects/Item__c", body) == (400, "INVALID_TYPE_ON_FIELD_IN_RECORD")


@case(36)
def dates_are_far_away(sf: Bulk) -> None:
    for day in ("1700-01-01", "4000-12-31"):
        sf.create("Item__c", Must__c="x", Day__c=day, At__c=f"{day}T00:00:00Z")
    assert sf.values("SELECT Day__c FROM Item__c ORDER BY Id") == ["1700-01-01", "4000-12-31"]
    assert len(sf.values("SELECT Id FROM Item__c WHERE At__c <= 4000-12-31T00:00:00Z AND Day__c >= 1700-01-01")) == 2
    assert refused(sf, "POST", "/sobjects/Item__c", {"Must__c": "x", "Day__c": "0999-01-01"})[0] == 400


@case(37, 38)
def times_are_written_in_several_ways(sf: Bulk) -> None:
    of(sf, "Clock__c", {"name": "At__c", "type": "datetime"}, {"name": "Time__c", "type": "time"})
    sf.create("Clock__c", At__c="2025-06-18T14:00:00.250+0200", Time__c="10:00:00.000Z")
    soql = "SELECT At__c, Time__c FROM Clock__c"
    assert sf.rows(soql) == [{"At__c": "2025-06-18T12:00:00.000+0000", "Time__c": "10:00:00.000Z"}]
    assert sf.rows_of(soql) == [{"At__c": "2025-06-18T12:00:00.000Z", "Time__c": "10:00:00.000Z"}]
    job = {"operation": "query", "object": "Clock__c", "contentType": "JSON"}
    path, kind = "/services/async/62.0/job", {"content_type": "application/json"}
    job_id = json.loads(sf.send("POST", path, job, **kind).payload(False))["id"]
    batch = json.loads(sf.send("POST", f"{path}/{job_id}/batch", soql.encode(), **kind).payload(False))["id"]
    (result,) = json.loads(sf.send("GET", f"{path}/{job_id}/batch/{batch}/result", **kind).payload(False))
    rows = json.loads(sf.send("GET", f"{path}/{job_id}/batch/{batch}/result/{result}", **kind).payload(False))
    assert rows[0]["At__c"] == 1750248000000


@case(40, 41)
def compound_and_binary_fields_are_not_in_bulk(sf: Bulk) -> None:
    account = sf.create("Account", Name="x", BillingCity="Rome")
    assert sf.rows("SELECT BillingAddress FROM Account")[0]["BillingAddress"]["city"] == "Rome"
    body = {"operation": "query", "query": "SELECT BillingAddress FROM Account"}
    assert refused(sf, "POST", "/jobs/query", body) == (400, "FUNCTIONALITY_NOT_ENABLED")
    document = {"ParentId": account, "Name": "a.txt", "Body": "aGk="}
    record_id = json.loads(sf.send("POST", "/sobjects/Attachment", document).payload(False))["id"]
    url = sf.values("SELECT Body FROM Attachment")[0]
    assert url.endswith(f"/sobjects/Attachment/{record_id}/Body")
    assert sf.send("GET", url).payload(False) == b"hi"
    assert refused(sf, "POST", "/jobs/query", body | {"query": "SELECT Body FROM Attachment"})[0] == 400


@case(42)
def a_multiple_choice_is_long(sf: Bulk) -> None:
    values = [f"choice number {number:03} of all the choices there are" for number in range(87)]
    of(sf, "Choice__c", {"name": "Multi__c", "type": "multipicklist", "values": values})
    sf.create("Choice__c", Multi__c=";".join(values))
    (stored,) = sf.values("SELECT Multi__c FROM Choice__c")
    assert stored.split(";") == values and len(stored) > 4000


@case(43)
def ids_have_fifteen_or_eighteen_characters(sf: Bulk) -> None:
    record_id = sf.create("Account", Name="x")
    short = record_id[:15]
    assert sf.values(f"SELECT Id FROM Account WHERE Id = '{short}'") == [record_id]
    assert sf.get(f"/sobjects/Account/{short}?fields=Name")["attributes"]["url"].endswith(record_id)
    assert sf.send("GET", f"/sobjects/Account/{short.lower()}").status == 404
    # Eighteen characters carry their case along.
    assert sf.values(f"SELECT Id FROM Account WHERE Id = '{record_id.upper()}'") == [record_id]


@case(44)
def references_point_to_several_objects(sf: Bulk) -> None:
    account, lead = sf.create("Account", Name="a"), sf.create("Lead", LastName="l", Company="c")
    queue = sf.create("Group", Name="q", DeveloperName="q", Type="Queue")
    values = {"LastName": "m", "Company": "c", "OwnerId": queue}
    sf.change({"op": "create", "object": "Lead", "values": values}, raw=True)
    sf.create("Task", Subject="t", WhatId=account)
    sf.create("Task", Subject="u", WhoId=lead)
    rows = sf.rows("SELECT What.Type, Who.Type FROM Task ORDER BY Subject")
    assert rows == [{"What": {"Type": "Account"}, "Who": None}, {"What": None, "Who": {"Type": "Lead"}}]
    owners = sf.rows("SELECT Owner.Type FROM Lead ORDER BY LastName")
    assert [row["Owner"]["Type"] for row in owners] == ["User", "Group"]


@case(45)
def secrets_are_masked(sf: Bulk) -> None:
    of(sf, "Secret__c", text_field("Card__c", 20, "encryptedstring"))
    sf.create("Secret__c", Card__c="4111222233334444")
    (shown,) = sf.values("SELECT Card__c FROM Secret__c")
    assert shown != "4111222233334444" and set(shown) & {"X", "*"}
    assert sf.refusal("SELECT Id FROM Secret__c WHERE Card__c = '4'")[0] == "INVALID_FIELD"


@case(46)
def fields_have_types_that_nobody_expects(sf: Bulk) -> None:
    kinds = ["anyType", "json", "complexvalue"]
    of(sf, "Odd__c", *({"name": f"{kind}__c", "type": kind} for kind in kinds))
    sf.create("Odd__c", anyType__c="1", json__c="{}", complexvalue__c="2")
    types = {field["name"]: field["type"] for field in sf.get("/sobjects/Odd__c/describe")["fields"]}
    assert [types[f"{kind}__c"] for kind in kinds] == kinds
    row = sf.rows("SELECT anyType__c, json__c, complexvalue__c FROM Odd__c")[0]
    assert list(row.values()) == ["1", "{}", "2"]


@case(47)
def a_field_changes_its_length_under_its_values(sf: Bulk) -> None:
    of(sf, "Short__c", text_field("Text__c", 80))
    sf.create("Short__c", Text__c="x" * 80)
    path = "/_sandbox/objects/Short__c"
    sf.send("PATCH", path, {"alter_fields": [{"name": "Text__c", "length": 40}]})
    lengths = {field["name"]: field["length"] for field in sf.get("/sobjects/Short__c/describe")["fields"]}
    assert lengths["Text__c"] == 40
    assert [len(text) for text in sf.values("SELECT Text__c FROM Short__c")] == [80]
    assert refused(sf, "POST", "/sobjects/Short__c", {"Text__c": "x" * 41}) == (400, "STRING_TOO_LONG")
    sf.send("PATCH", path, {"alter_fields": [{"name": "Text__c", "length": 255}]})
    assert sf.send("POST", "/sobjects/Short__c", {"Text__c": "x" * 255}).status == 201
