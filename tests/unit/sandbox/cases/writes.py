"""Cases 66 to 70: records that Salesforce refuses, changes behind one's back, or keeps without saying so."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, refused, strike


def saved(sf: Bulk, *records: dict[str, Any], object_name: str = "Account", **headers: str) -> list[dict[str, Any]]:
    """Create records through Collections and return their results."""
    body = {"records": [{"attributes": {"type": object_name}, **record} for record in records]}
    results: list[dict[str, Any]] = sf.post("/composite/sobjects", body, **headers)
    return results


@case(66)
def a_record_is_edited_after_one_wants_to_delete_it(sf: Bulk) -> None:
    record_id = sf.create("Account", Name="x")
    sf.org.clock.advance(60)
    person = {"Username": "b@example.com", "LastName": "b", "Alias": "b", "Email": "b@example.com"}
    user = sf.change({"op": "create", "object": "User", "values": person}, raw=True)[0]["id"]
    sf.change({"op": "update", "object": "Account", "id": record_id, "values": {"Phone": "1"}}, user=user)
    row = sf.rows("SELECT LastModifiedById, SystemModstamp FROM Account")[0]
    assert row == {"LastModifiedById": user, "SystemModstamp": "2025-06-18T12:01:00.000+0000"}
    moment = "Wed, 18 Jun 2025 12:00:30 GMT"
    assert sf.send("GET", f"/sobjects/Account/{record_id}", if_unmodified_since=moment).status == 412


@case(67, 68)
def a_record_is_seen_before_its_creator_knows_it(sf: Bulk) -> None:
    strike(sf, "http.status", {"status": 502, "after": True}, kind="create", calls="1")
    assert sf.send("POST", "/sobjects/Item__c", {"Must__c": "x", "Ext__c": "key"}).status == 502
    known = sf.rows("SELECT Id, CreatedById, SystemModstamp FROM Item__c WHERE Ext__c = 'key'")
    assert known[0]["CreatedById"] == sf.org.users.default.user_id
    again = json.loads(sf.send("PATCH", "/sobjects/Item__c/Ext__c/key", {"Must__c": "y"}).payload(False))
    assert (again["id"], again["created"]) == (known[0]["Id"], False)
    assert refused(sf, "POST", "/sobjects/Item__c", {"Must__c": "x", "Ext__c": "key"}) == (400, "DUPLICATE_VALUE")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Note__c": "x" * 11, "Must__c": "x"}, "STRING_TOO_LONG"),
    ({"Note__c": "x"}, "REQUIRED_FIELD_MISSING"),
    ({"Must__c": "x", "Kind__c": "Z"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ({"Must__c": "x", "Number__c": "I-1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ({"Must__c": "x", "Account__c": "001000000000001"}, "INVALID_CROSS_REFERENCE_KEY"),
]


@case(69)
def one_bad_record_does_not_stop_the_others(sf: Bulk) -> None:
    good = {"Must__c": "x"}
    results = saved(sf, *(bad for bad, _ in REFUSED), good, object_name="Item__c")
    assert [result["errors"][0]["statusCode"] for result in results[:-1]] == [code for _, code in REFUSED]
    assert results[-1]["success"] is True
    for name, params, code in (
        ("duplicate.rule", {"every": 2}, "DUPLICATES_DETECTED"),
        ("row.locked", {"every": 2}, "UNABLE_TO_LOCK_ROW"),
        ("dml.error", {"every": 2, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    ):
        strike(sf, name, params, kind="collections", calls="1")
        results = saved(sf, *[good] * 4, object_name="Item__c")
        assert [result["success"] for result in results] == [True, False, True, False]
        assert results[1]["errors"][0]["statusCode"] == code
        sf.send("DELETE", "/_sandbox/faults")


@case(69)
def a_bulk_update_ignores_empty_values(sf: Bulk) -> None:
    record_id = sf.create("Item__c", Must__c="x", Note__c="kept")
    for value, want in (("", "kept"), ("#N/A", None)):
        job = sf.upload(f"Id,Note__c\n{record_id},{value}\n", operation="update")
        assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 0)
        assert sf.values("SELECT Note__c FROM Item__c") == [want]
    strike(sf, "row.locked", {"every": 3}, kind="bulk_job", calls="1")
    job = sf.upload("Must__c\n" + "x\n" * 9)
    assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 3)
    assert {row["sf__Error"].partition(":")[0] for row in sf.outcome(job, "failedResults")} == {"UNABLE_TO_LOCK_ROW"}


@case(70)
def a_write_is_done_and_its_reply_is_not_there(sf: Bulk) -> None:
    strike(sf, "reply.lost", {"commit_after_s": 120}, kind="create", calls="1")
    sf.send("POST", "/sobjects/Item__c", {"Must__c": "x", "Ext__c": "key"})
    assert sf.get("/_sandbox/calls")[-1]["fault"] == "reply.lost"
    assert sf.values("SELECT Id FROM Item__c WHERE Ext__c = 'key'") == []
    sf.org.clock.advance(121)
    (record_id,) = sf.values("SELECT Id FROM Item__c WHERE Ext__c = 'key'")
    sf.send("DELETE", f"/sobjects/Item__c/{record_id}")
    assert refused(sf, "PATCH", f"/sobjects/Item__c/{record_id}", {"Note__c": "y"}) == (404, "ENTITY_IS_DELETED")
    assert saved(sf, {"Must__c": "x", "Account__c": "nonsense"}, object_name="Item__c")[0]["success"] is False
