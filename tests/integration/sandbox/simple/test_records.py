"""Records, queries, descriptions and composite requests by simple-salesforce, compared with what the org holds."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMoreThanOneRecord

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.gadgets import stored
from tests.integration.sandbox.simple.conftest import ROWS

NASTY = 'Zoë "the 😀", O\'Brien & Sons\\'
KEPT = "Name,Key__c,Size__c,Color__c"


def send(client: Salesforce, method: str, path: str, body: Any = None, **params: str) -> Any:
    """Call a resource that simple-salesforce has no method for."""
    return client.restful(path, params=params or None, method=method, json=body)


# Descriptions


def test_every_object_listed_can_be_described(client: Salesforce) -> None:
    listed = {entry["name"]: entry for entry in client.describe()["sobjects"]}
    assert {"Account", "Contact", "Gadget__c", "Opportunity", "User"} <= set(listed)
    for name in ("Account", "Case", "Gadget__c", "OpportunityHistory", "User"):
        one = getattr(client, name).describe()
        assert {key: one[key] for key in ("name", "keyPrefix", "label", "queryable", "createable")} == {
            key: listed[name][key] for key in ("name", "keyPrefix", "label", "queryable", "createable")
        }
    fields = {field["name"]: field for field in client.Gadget__c.describe()["fields"]}
    assert [(name, fields[name]["type"]) for name in ("Id", "Key__c", "Size__c", "Made__c", "Is_Sold__c")] == [
        ("Id", "id"),
        ("Key__c", "string"),
        ("Size__c", "double"),
        ("Made__c", "datetime"),
        ("Is_Sold__c", "boolean"),
    ]
    assert client.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    with pytest.raises(SalesforceResourceNotFound):
        client.Nothing__c.describe()


def test_limits_are_those_of_the_usage_header(client: Salesforce) -> None:
    calls = client.limits()["DailyApiRequests"]
    client.query("SELECT Id FROM User LIMIT 1")
    used = client.api_usage["api-usage"]
    assert (used.used, used.total) == (calls["Max"] - calls["Remaining"] + 1, calls["Max"])


# Queries


def test_query_all_follows_every_page(client: Salesforce, org: Process) -> None:
    answer = client.query_all("SELECT Id, Name, AnnualRevenue, NumberOfEmployees, Phone FROM Account ORDER BY Id")
    names = ("Id", "Name", "AnnualRevenue", "NumberOfEmployees", "Phone")
    assert [{name: record[name] for name in names} for record in answer["records"]] == stored(
        org, "Account", ",".join(names)
    )
    assert answer["totalSize"] == ROWS


def test_query_more_takes_urls_and_locators(client: Salesforce) -> None:
    first = client.query("SELECT Id FROM Account ORDER BY Id")
    assert (len(first["records"]), first["totalSize"], first["done"]) == (2000, ROWS, False)
    second = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    again = client.query_more(first["nextRecordsUrl"].rpartition("/")[2])
    assert second["records"] == again["records"]
    assert (len(second["records"]), second["done"]) == (2000, False)
    last = client.query_more(second["nextRecordsUrl"], identifier_is_url=True)
    assert (len(last["records"]), last["done"], "nextRecordsUrl" in last) == (500, True, False)
    seen = [record["Id"] for page in (first, second, last) for record in page["records"]]
    assert seen == sorted(set(seen))
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.query_more("0r8000000000000AAA-2000")
    assert caught.value.content[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_refusals_become_its_exceptions(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.query("SELECT Nothing FROM Account")
    assert caught.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.Contact.create({"FirstName": "nobody"})
    assert caught.value.content[0]["fields"] == ["LastName"]


def test_a_dead_session_is_its_own_exception(client: Salesforce, org: Process) -> None:
    org.control("POST", "/sessions/expire", {})
    with pytest.raises(SalesforceExpiredSession) as caught:
        client.query("SELECT Id FROM Account")
    assert caught.value.content == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    client.session_id = org.login()
    client._generate_headers()
    assert client.query("SELECT COUNT() FROM Account")["totalSize"] == ROWS


# Records


def test_a_record_lives_and_dies(client: Salesforce, org: Process) -> None:
    values = {"Name": NASTY, "Key__c": "live", "Size__c": 12.5, "Color__c": "red", "Is_Sold__c": True}
    made = client.Gadget__c.create({**values, "Made__c": "2024-01-31T12:11:12+02:00"})
    assert made == {"id": made["id"], "success": True, "errors": []}
    read = client.Gadget__c.get(made["id"])
    assert values.items() <= read.items()
    assert (read["Made__c"], read["attributes"]["type"]) == ("2024-01-31T10:11:12.000+0000", "Gadget__c")
    assert client.Gadget__c.get_by_custom_id("Key__c", "live")["Id"] == made["id"]
    assert client.Gadget__c.update(made["id"], {"Color__c": None, "Size__c": 3}) == 204
    [kept] = stored(org, "Gadget__c", KEPT)
    assert kept == {"Id": made["id"], "Name": NASTY, "Key__c": "live", "Size__c": 3.0, "Color__c": None}
    assert client.Gadget__c.delete(made["id"]) == 204
    assert stored(org, "Gadget__c", KEPT) == []
    with pytest.raises(SalesforceResourceNotFound) as caught:
        client.Gadget__c.get(made["id"])
    assert caught.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"
    found = client.query(f"SELECT IsDeleted FROM Gadget__c WHERE Id = '{made['id']}'", include_deleted=True)
    assert [record["IsDeleted"] for record in found["records"]] == [True]


def test_upsert_by_external_id(client: Salesforce, org: Process) -> None:
    assert client.Gadget__c.upsert("Key__c/k%201", {"Name": "Made", "Size__c": 1.5}) == 201
    assert client.Gadget__c.upsert("Key__c/k%201", {"Size__c": 2.25}) == 200
    [kept] = stored(org, "Gadget__c", KEPT)
    assert (kept["Name"], kept["Key__c"], kept["Size__c"]) == ("Made", "k 1", 2.25)
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.Gadget__c.upsert("Key__c/k2", {"Size__c": "many"})
    assert caught.value.content[0]["errorCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    with pytest.raises(SalesforceResourceNotFound):
        client.Gadget__c.upsert("Color__c/red", {"Name": "no key"})
    assert [row["Key__c"] for row in stored(org, "Gadget__c", KEPT)] == ["k 1"]


@pytest.fixture
def shared_badge(org: Process) -> Iterator[str]:
    """An external id field that is not unique, and a value two records share."""
    badge = {"name": "Badge__c", "type": "string", "length": 20, "external_id": True}
    org.control("PATCH", "/objects/Contact", {"add_fields": [badge]})
    twins = [{"op": "create", "object": "Contact", "values": {"LastName": name, "Badge__c": "x1"}} for name in "ab"]
    org.control("POST", "/records", {"changes": twins})
    yield "x1"
    org.control("PATCH", "/objects/Contact", {"drop_fields": ["Badge__c"]})


def test_an_external_id_that_two_records_share_is_refused(client: Salesforce, shared_badge: str) -> None:
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        client.Contact.upsert(f"Badge__c/{shared_badge}", {"LastName": "c"})
    assert len(caught.value.content) == 2
    assert all("/sobjects/Contact/003" in url for url in caught.value.content)


def test_deleted_and_updated(client: Salesforce) -> None:
    made = client.Lead.create({"LastName": "L", "Company": "C"})["id"]
    kept = client.Lead.create({"LastName": "K", "Company": "C"})["id"]
    client.Lead.delete(made)
    now = datetime.datetime.now(datetime.UTC)
    window = (now - datetime.timedelta(hours=1), now + datetime.timedelta(minutes=2))
    assert [row["id"] for row in client.Lead.deleted(*window)["deletedRecords"]] == [made]
    assert client.Lead.updated(*window)["ids"] == [kept]


# Collections and composite requests


def test_collections_write_and_read_two_hundred_at_once(client: Salesforce, org: Process) -> None:
    typed = {"attributes": {"type": "Gadget__c"}}
    records = [{"Name": f"g{number}", "Key__c": f"k{number}", "Size__c": number / 4} for number in range(199)]
    body = {"allOrNone": False, "records": [{**typed, **record} for record in [*records, {"Key__c": "k1"}]]}
    made = send(client, "POST", "composite/sobjects", body)
    assert [result["success"] for result in made] == [True] * 199 + [False]
    assert made[199]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    ids = [result["id"] for result in made[:199]]
    wanted = {"ids": ids[::-1], "fields": ["Name", "Key__c", "Size__c"]}
    read = send(client, "POST", "composite/sobjects/Gadget__c", wanted)
    assert [{name: row[name] for name in records[0]} for row in read] == records[::-1]
    body = {"records": [{**typed, "id": ids[0], "Color__c": "new"}, {**typed, "id": ids[1], "Name": "x" * 81}]}
    changed = send(client, "PATCH", "composite/sobjects", body)
    assert [result["success"] for result in changed] == [True, False]
    body = {"records": [{**typed, "Key__c": "k0", "Size__c": 7}, {**typed, "Key__c": "k199", "Size__c": 8}]}
    upserted = send(client, "PATCH", "composite/sobjects/Gadget__c/Key__c", body)
    assert [result["created"] for result in upserted] == [False, True]
    gone = send(client, "DELETE", "composite/sobjects", ids=",".join(ids[2:]), allOrNone="true")
    assert [result["id"] for result in gone] == ids[2:]
    assert [(row["Key__c"], row["Size__c"], row["Color__c"]) for row in stored(org, "Gadget__c", KEPT)] == [
        ("k0", 7.0, "new"),
        ("k1", 0.25, None),
        ("k199", 8.0, None),
    ]


def test_collections_take_no_more_than_two_hundred(client: Salesforce, org: Process) -> None:
    records = [{"attributes": {"type": "Gadget__c"}, "Name": f"g{number}"} for number in range(201)]
    with pytest.raises(SalesforceMalformedRequest, match="200 records"):
        send(client, "POST", "composite/sobjects", {"records": records})
    assert stored(org, "Gadget__c", KEPT) == []


def test_composite_requests_refer_to_each_other_and_roll_back(client: Salesforce, org: Process) -> None:
    path = "/services/data/v62.0/sobjects/Gadget__c"
    steps = [
        {"method": "POST", "url": path, "referenceId": "one", "body": {"Name": "one", "Key__c": "c1"}},
        {"method": "PATCH", "url": f"{path}/@{{one.id}}", "referenceId": "two", "body": {"Color__c": "@{one.id}"}},
        {"method": "GET", "url": f"{path}/@{{one.id}}?fields=Color__c", "referenceId": "three"},
    ]
    done = send(client, "POST", "composite", {"allOrNone": True, "compositeRequest": steps})["compositeResponse"]
    assert [step["httpStatusCode"] for step in done] == [201, 204, 200]
    assert done[2]["body"]["Color__c"] == done[0]["body"]["id"]
    spoiled = [{**steps[0], "body": {"Name": "two", "Key__c": "c2"}}, {**steps[1], "body": {"Size__c": "many"}}]
    done = send(client, "POST", "composite", {"allOrNone": True, "compositeRequest": spoiled})["compositeResponse"]
    assert [step["body"][0]["errorCode"] for step in done] == ["PROCESSING_HALTED", "INVALID_TYPE_ON_FIELD_IN_RECORD"]
    assert [row["Key__c"] for row in stored(org, "Gadget__c", KEPT)] == ["c1"]
