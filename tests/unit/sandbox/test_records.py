"""The rules of records: what is refused and how, what is filled in, what follows for other records."""

import re
from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller


def put(sf: Caller, object_name: str, **values: Any) -> Any:
    """Create a record through Collections and return its result."""
    record = {"attributes": {"type": object_name}, **values}
    return sf.post("/composite/sobjects", {"records": [record]})[0]


def stored(sf: Caller, object_name: str, record_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = sf.get(f"/sobjects/{object_name}/{record_id}")
    return answer


REFUSED: list[tuple[dict[str, Any], str, str, list[str]]] = [
    ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Must__c]", ["Must__c"]),
    ({"Foo__c": 1}, "INVALID_FIELD", "No such column 'Foo__c' on sobject of type Item__c", []),
    (
        {"Note__c": "x" * 11},
        "STRING_TOO_LONG",
        "Note__c: data value too large: xxxxxxxxxxx (max length=10)",
        ["Note__c"],
    ),
    (
        {"Kind__c": "C"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Kind__c: bad value for restricted picklist field: C",
        ["Kind__c"],
    ),
    (
        {"Score__c": 1000},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Score__c: value outside of valid range on numeric field: 1000",
        ["Score__c"],
    ),
    (
        {"Score__c": "many"},
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "Score__c: value not of required type: many",
        ["Score__c"],
    ),
    ({"Note__c": 5}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Note__c: value not of required type: 5", ["Note__c"]),
    ({"On__c": "perhaps"}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "On__c: value not of required type: perhaps", ["On__c"]),
    (
        {"Day__c": "2025-02-30"},
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "Day__c: value not of required type: 2025-02-30",
        ["Day__c"],
    ),
    (
        {"At__c": "yesterday"},
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "At__c: value not of required type: yesterday",
        ["At__c"],
    ),
    ({"Account__c": "abc"}, "MALFORMED_ID", "Account: id value of incorrect type: abc", ["Account__c"]),
    ({"Account__c": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["Account__c"]),
    (
        {"Number__c": "I-1"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: Number__c.",
        ["Number__c"],
    ),
    (
        {"SystemModstamp": "2025-01-01T00:00:00Z"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: SystemModstamp.",
        ["SystemModstamp"],
    ),
    (
        {"Item__r": {"Ext__c": "Zed"}},
        "INVALID_FIELD",
        "Foreign key external ID: zed not found for field Ext__c in entity Item__c",
        [],
    ),
]


@pytest.mark.parametrize(("values", "code", "message", "fields"), REFUSED, ids=[str(case[0]) for case in REFUSED])
def test_a_record_is_refused(sf: Caller, values: dict[str, Any], code: str, message: str, fields: list[str]) -> None:
    result = put(sf, "Item__c", **({"Must__c": "x"} if values else {}), **values)
    assert result["success"] is False
    error = result["errors"][0]
    assert (error["statusCode"], error["fields"]) == (code, fields)
    assert error["message"].startswith(message)
    assert sf.query("SELECT COUNT() FROM Item__c")["totalSize"] == 0


ACCEPTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Note__c": "  x\r\ny "}, {"Note__c": "x\ny"}),
    ({"Note__c": ""}, {"Note__c": None}),
    ({"Note__c": "   "}, {"Note__c": None}),
    ({"Kind__c": "a"}, {"Kind__c": "A"}),
    ({"Score__c": 1.005}, {"Score__c": 1.01}),
    ({"Score__c": "12.5"}, {"Score__c": 12.5}),
    ({"On__c": "true"}, {"On__c": True}),
    ({"On__c": None}, {"On__c": False}),
    ({"Day__c": "2025-06-18T10:00:00Z"}, {"Day__c": "2025-06-18"}),
    ({"At__c": "2025-06-18T10:00:00.900+02:00"}, {"At__c": "2025-06-18T08:00:00.000+0000"}),
    ({"note__C": "x"}, {"Note__c": "x"}),
    ({}, {"Kind__c": None, "On__c": False, "Day__c": None}),
]


@pytest.mark.parametrize(("values", "want"), ACCEPTED, ids=[str(case[0]) for case in ACCEPTED])
def test_a_value_is_stored_so(sf: Caller, values: dict[str, Any], want: dict[str, Any]) -> None:
    result = put(sf, "Item__c", Must__c="x", **values)
    record = stored(sf, "Item__c", result["id"])
    assert {name: record[name] for name in want} == want


def test_audit_fields_and_owner_are_set(sf: Caller) -> None:
    record = stored(sf, "Item__c", put(sf, "Item__c", Must__c="x")["id"])
    user = sf.org.users.default.user_id
    assert [record[name] for name in ("OwnerId", "CreatedById", "LastModifiedById")] == [user] * 3
    assert record["CreatedDate"] == record["LastModifiedDate"] == record["SystemModstamp"]
    assert record["SystemModstamp"].endswith(".000+0000")
    assert record["Name"] == record["Id"][:15]


def test_a_unique_value_is_held_by_one_record(sf: Caller) -> None:
    first = put(sf, "Item__c", Must__c="x", Ext__c="Key")
    second = put(sf, "Item__c", Must__c="x", Ext__c="kEY")
    assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    message = f"duplicate value found: Ext__c duplicates value on record with id: {first['id'][:15]}"
    assert second["errors"][0]["message"] == message
    sf.send("DELETE", f"/sobjects/Item__c/{first['id']}")
    assert put(sf, "Item__c", Must__c="x", Ext__c="kEY")["success"]


def test_auto_numbers_go_on(sf: Caller) -> None:
    numbers = [stored(sf, "Item__c", put(sf, "Item__c", Must__c="x")["id"])["Number__c"] for _ in range(2)]
    assert all(re.fullmatch(r"I-\d{4,}", number) for number in numbers)
    assert int(numbers[1][2:]) == int(numbers[0][2:]) + 1


def test_a_lookup_takes_an_id_of_either_length_and_an_external_id(sf: Caller) -> None:
    account = sf.create("Account", Name="Acme")
    other = put(sf, "Item__c", Must__c="x", Account__c=account[:15])
    assert stored(sf, "Item__c", other["id"])["Account__c"] == account
    put(sf, "Item__c", Must__c="x", Ext__c="up")
    child = put(sf, "Item__c", Must__c="x", Item__r={"Ext__c": "UP"})
    assert sf.values(f"SELECT Item__r.Ext__c FROM Item__c WHERE Id = '{child['id']}'") == [{"Ext__c": "up"}]
    wrong = put(sf, "Item__c", Must__c="x", Account__c=other["id"])
    assert wrong["errors"][0]["statusCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert put(sf, "Item__c", Must__c="x", Account__c=None)["success"]


def test_an_update_changes_what_it_names_and_the_stamps(sf: Caller) -> None:
    sf.send("PUT", "/_sandbox/clock", {"now": "2025-01-01T00:00:00Z"})
    record_id = put(sf, "Item__c", Must__c="x", Note__c="a")["id"]
    sf.send("PUT", "/_sandbox/clock", {"advance_s": 60})
    assert sf.send("PATCH", f"/sobjects/Item__c/{record_id}", {"Score__c": 5}).status == 204
    record = stored(sf, "Item__c", record_id)
    assert (record["Note__c"], record["Score__c"]) == ("a", 5.0)
    assert record["CreatedDate"] == "2025-01-01T00:00:00.000+0000"
    assert record["LastModifiedDate"] == record["SystemModstamp"] == "2025-01-01T00:01:00.000+0000"
    refused = sf.send("PATCH", f"/sobjects/Item__c/{record_id}", {"Must__c": None})
    assert (refused.status, refused.body[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/sobjects/Account/001000000000000AAA", 404, "NOT_FOUND"),
        ("PATCH", "/sobjects/Account/001000000000000AAA", 404, "NOT_FOUND"),
        ("DELETE", "/sobjects/Account/nonsense", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Nothing/001000000000000AAA", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Account/Namez/x", 404, "NOT_FOUND"),
        ("PUT", "/sobjects/Account/001000000000000AAA", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/sobjects/Account", 400, "JSON_PARSER_ERROR"),
    ],
)
def test_a_request_for_one_record_is_refused(sf: Caller, method: str, path: str, status: int, code: str) -> None:
    reply = sf.send(method, path, b"[" if method == "POST" else {})
    assert (reply.status, reply.body[0]["errorCode"]) == (status, code)


# Upsert


def test_upsert_creates_then_updates_by_external_id(sf: Caller) -> None:
    first = sf.send("PATCH", "/sobjects/Item__c/Ext__c/k%201", {"Must__c": "x"})
    assert (first.status, first.body["created"]) == (201, True)
    second = sf.send("PATCH", "/sobjects/Item__c/ext__c/K%201", {"Note__c": "y"})
    assert (second.status, second.body) == (
        200,
        {"id": first.body["id"], "success": True, "errors": [], "created": False},
    )
    assert sf.send("PATCH", "/services/data/v45.0/sobjects/Item__c/Ext__c/k%201", {"Note__c": "z"}).status == 204
    assert sf.get("/sobjects/Item__c/Ext__c/k%201?fields=Note__c,Ext__c")["Note__c"] == "z"
    named = sf.send("PATCH", "/sobjects/Item__c/Ext__c/k", {"Ext__c": "k", "Must__c": "x"})
    assert (named.status, named.body[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_an_ambiguous_external_id_lists_the_records(sf: Caller) -> None:
    made = [put(sf, "Item__c", Must__c="x", Loose__c="same")["id"] for _ in range(2)]
    reply = sf.send("PATCH", "/sobjects/Item__c/Loose__c/same", {"Note__c": "y"})
    assert reply.status == 300
    assert reply.body == [f"/services/data/v62.0/sobjects/Item__c/{record_id}" for record_id in made]


# Collections


def test_collections_answer_each_record_in_order(sf: Caller) -> None:
    records = [{"attributes": {"type": "Contact"}, **values} for values in ({"LastName": "A"}, {}, {"LastName": "C"})]
    results = sf.post("/composite/sobjects", {"allOrNone": False, "records": records})
    assert [result["success"] for result in results] == [True, False, True]
    assert "id" not in results[1]
    assert sf.values("SELECT LastName FROM Contact") == ["A", "C"]


def test_all_or_none_rolls_back_the_others(sf: Caller) -> None:
    records = [{"attributes": {"type": "Contact"}, **values} for values in ({"LastName": "A"}, {})]
    results = sf.post("/composite/sobjects", {"allOrNone": True, "records": records})
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_collections_update_upsert_delete_and_retrieve(sf: Caller) -> None:
    def typed(**values: Any) -> dict[str, Any]:
        return {"attributes": {"type": "Item__c"}, **values}

    body = {"records": [typed(Ext__c="1", Must__c="a"), typed(Ext__c="2", Must__c="b")]}
    made = sf._json(sf.send("PATCH", "/composite/sobjects/Item__c/Ext__c", body))
    assert [result["created"] for result in made] == [True, True]
    ids = [result["id"] for result in made]
    updates = {"records": [typed(Id=ids[0], Note__c="n"), typed(Note__c="n"), typed(id=ids[0], Note__c="m")]}
    results = sf._json(sf.send("PATCH", "/composite/sobjects", updates))
    assert [result["errors"] and result["errors"][0]["statusCode"] for result in results] == [
        [],
        "MISSING_ARGUMENT",
        "DUPLICATE_VALUE",
    ]
    found = sf.post(
        "/composite/sobjects/Item__c", {"ids": [ids[1], ids[0], "a0A000000000000EAA"], "fields": ["Note__c"]}
    )
    assert [record and record["Note__c"] for record in found] == [None, "n", None]
    gone = sf._json(sf.send("DELETE", f"/composite/sobjects?ids={ids[0]},{ids[0]}&allOrNone=false"))
    assert [result["success"] for result in gone] == [True, False]
    assert (
        sf._json(sf.send("DELETE", f"/composite/sobjects?ids={ids[0]}"))[0]["errors"][0]["statusCode"]
        == "ENTITY_IS_DELETED"
    )


def test_more_than_200_records_are_too_many(sf: Caller) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": "x"}] * 201
    reply = sf.send("POST", "/composite/sobjects", {"records": records})
    assert reply.status == 400
    assert reply.body[0]["message"] == "record limit reached. cannot submit more than 200 records into this call"


# The recycle bin


def test_deleting_cascades_clears_and_comes_back(sf: Caller) -> None:
    account = sf.create("Account", Name="Acme")
    child = sf.create("Account", Name="Child", ParentId=account)
    contact = sf.create("Contact", LastName="C", AccountId=account)
    assert sf.send("DELETE", f"/sobjects/Account/{account}").status == 204
    assert sf.values("SELECT Name FROM Account") == ["Child"]
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    assert sf.values("SELECT Id FROM Contact WHERE IsDeleted = true", "queryAll") == [contact]
    assert stored(sf, "Account", child)["ParentId"] is None
    reply = sf.send("GET", f"/sobjects/Contact/{contact}")
    assert (reply.status, reply.body[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    sf.change({"op": "undelete", "object": "Account", "id": account})
    assert stored(sf, "Contact", contact)["AccountId"] == account
    assert stored(sf, "Account", child)["ParentId"] == account


def test_a_hard_deleted_record_is_nowhere_but_in_the_delete_log(sf: Caller) -> None:
    account = sf.create("Account", Name="Acme")
    sf.change({"op": "hard_delete", "object": "Account", "id": account})
    assert sf.values("SELECT Id FROM Account", "queryAll") == []
    logged = sf.org.store.database.read("SELECT object, id FROM _delete_log")
    assert logged == [("Account", account)]


def test_archived_activities_show_in_query_all_only(sf: Caller) -> None:
    task = sf.create("Task", Subject="old")
    sf.change({"op": "update", "object": "Task", "id": task, "values": {"IsArchived": True}}, raw=True)
    assert sf.values("SELECT Subject FROM Task") == []
    assert sf.values("SELECT Subject FROM Task", "queryAll") == ["old"]


def test_a_merge_moves_children_and_names_the_master(sf: Caller) -> None:
    master, loser = sf.create("Account", Name="A"), sf.create("Account", Name="B")
    contact = sf.create("Contact", LastName="C", AccountId=loser)
    sf.change({"op": "merge", "object": "Account", "master_id": master, "ids": [loser]})
    assert stored(sf, "Contact", contact)["AccountId"] == master
    rows = sf.rows("SELECT Id, IsDeleted, MasterRecordId FROM Account ORDER BY Id", "queryAll")
    assert rows[1] == {"Id": loser, "IsDeleted": True, "MasterRecordId": master}


# Standard objects


def test_a_stage_closes_an_opportunity_and_line_items_total_it(sf: Caller) -> None:
    book = sf.values("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]
    product = sf.create("Product2", Name="Bolt", ProductCode="B1", IsActive=True)
    entry = sf.create("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=10, IsActive=True)
    deal = sf.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2025-12-31", Amount=500)
    record = stored(sf, "Opportunity", deal)
    assert (record["Probability"], record["ExpectedRevenue"], record["FiscalQuarter"]) == (10.0, 50.0, 4)
    line = sf.create("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=entry, Quantity=3, UnitPrice=20)
    assert stored(sf, "OpportunityLineItem", line)["TotalPrice"] == 60.0
    assert stored(sf, "Opportunity", deal)["Amount"] == 60.0
    sf.change({"op": "update", "object": "Opportunity", "id": deal, "values": {"StageName": "Closed Won"}})
    record = stored(sf, "Opportunity", deal)
    assert (record["IsClosed"], record["IsWon"], record["Probability"], record["ExpectedRevenue"]) == (
        True,
        True,
        100.0,
        60.0,
    )
    assert sf.send("DELETE", f"/sobjects/Opportunity/{deal}").status == 204
    assert sf.query("SELECT COUNT() FROM OpportunityLineItem")["totalSize"] == 0


def test_persons_have_names_and_cases_have_numbers(sf: Caller) -> None:
    contact = sf.create("Contact", FirstName="Ann", LastName="Beta")
    sf.change({"op": "update", "object": "Contact", "id": contact, "values": {"FirstName": None}})
    assert stored(sf, "Contact", contact)["Name"] == "Beta"
    numbers = [stored(sf, "Case", sf.create("Case", Subject="x"))["CaseNumber"] for _ in range(2)]
    assert int(numbers[1]) == int(numbers[0]) + 1
    assert all(len(number) == 8 for number in numbers)


def test_a_record_is_read_and_written_on_condition(sf: Caller) -> None:
    record_id = sf.create("Account", Name="x")
    path = f"/sobjects/Account/{record_id}"
    first = sf.send("GET", path)
    assert sf.send("GET", path, if_none_match=first.headers["ETag"]).status == 304
    assert sf.send("GET", path, if_modified_since=first.headers["Last-Modified"]).status == 304
    sf.org.clock.advance(60)
    assert sf.send("PATCH", path, {"Name": "y"}, if_match=first.headers["ETag"]).status == 204
    stale = sf.send("PATCH", path, {"Name": "z"}, if_match=first.headers["ETag"])
    assert (stale.status, stale.body[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert sf.send("DELETE", path, if_unmodified_since=first.headers["Last-Modified"]).status == 412
    assert stored(sf, "Account", record_id)["Name"] == "y"


def test_a_body_must_be_json(sf: Caller) -> None:
    reply = sf.send("POST", "/sobjects/Account", b"<Account/>", content_type="application/xml")
    assert (reply.status, reply.body[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
