"""Record types: in describes, as defaults of new records, refused where they are not for the user."""

import json
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.loader import load_paths

from .conftest import ITEM, NOON, Caller

MASTER = "012000000000000AAA"
TYPES = ["Standard", {"name": "Rush Order", "default": True}, {"name": "Old", "active": False}]
TYPES += [{"name": "Secret", "available": False}]


@pytest.fixture
def typed(own_sf: Caller) -> Caller:
    """An org whose Item__c has four record types."""
    own_sf.post("/_sandbox/objects", ITEM)
    answer = own_sf.send("PATCH", "/_sandbox/objects/Item__c", {"record_types": TYPES})
    assert answer.status == 200, answer.body
    return own_sf


def infos(sf: Caller, name: str = "Item__c") -> dict[str, dict[str, Any]]:
    return {info["developerName"]: info for info in sf.get(f"/sobjects/{name}/describe")["recordTypeInfos"]}


def refused(sf: Caller, object_name: str = "Item__c", **values: Any) -> str:
    answer = sf.post(f"/sobjects/{object_name}", {"Must__c": "m", **values} if object_name == "Item__c" else values)
    assert isinstance(answer, list), answer
    return str(answer[0]["errorCode"])


def test_a_describe_lists_the_types_and_the_master_last(typed: Caller) -> None:
    found = infos(typed)
    assert list(found) == ["Old", "Rush_Order", "Secret", "Standard", "Master"]
    keys = [
        "active",
        "available",
        "defaultRecordTypeMapping",
        "developerName",
        "master",
        "name",
        "recordTypeId",
        "urls",
    ]
    assert list(found["Old"]) == keys
    shown = {
        name: (info["active"], info["available"], info["defaultRecordTypeMapping"]) for name, info in found.items()
    }
    assert shown == {
        "Old": (False, True, False),
        "Rush_Order": (True, True, True),
        "Secret": (True, False, False),
        "Standard": (True, True, False),
        "Master": (True, True, False),
    }
    assert found["Master"]["recordTypeId"] == MASTER and found["Master"]["master"]
    rows = typed.rows("SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = 'Item__c'")
    assert {(row["Id"], row["Name"], row["IsActive"]) for row in rows} == {
        (info["recordTypeId"], info["name"], info["active"]) for info in found.values() if not info["master"]
    }


def test_an_object_without_types_has_the_master_as_default(sf: Caller) -> None:
    found = infos(sf)
    assert list(found) == ["Master"] and found["Master"]["defaultRecordTypeMapping"]
    assert sf.refusal("SELECT RecordTypeId FROM Item__c")[0] == "INVALID_FIELD"
    assert sf.get("/sobjects/User/describe")["recordTypeInfos"] == []


def test_a_new_record_has_the_default_type_unless_it_says_another(typed: Caller) -> None:
    standard = infos(typed)["Standard"]["recordTypeId"]
    assert typed.post("/sobjects/Item__c", {"Must__c": "a"})["success"]
    assert typed.post("/sobjects/Item__c", {"Must__c": "b", "RecordTypeId": standard})["success"]
    assert typed.post("/sobjects/Item__c", {"Must__c": "d", "RecordTypeId": MASTER})["success"]
    assert typed.rows("SELECT Must__c, RecordType.DeveloperName FROM Item__c") == [
        {"Must__c": "a", "RecordType": {"DeveloperName": "Rush_Order"}},
        {"Must__c": "b", "RecordType": {"DeveloperName": "Standard"}},
        {"Must__c": "d", "RecordType": None},
    ]
    assert typed.values("SELECT Must__c FROM Item__c WHERE RecordType.Name = 'rush order'") == ["a"]


@pytest.mark.parametrize("name", ["Old", "Secret"])
def test_inactive_and_unavailable_types_are_refused(typed: Caller, name: str) -> None:
    chosen = infos(typed)[name]["recordTypeId"]
    answer = typed.post("/sobjects/Item__c", {"Must__c": "a", "RecordTypeId": chosen})
    assert answer[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert answer[0]["message"] == f"Record Type ID: this ID value isn't valid for the user: {chosen}"
    assert answer[0]["fields"] == ["RecordTypeId"]
    record_id = typed.post("/sobjects/Item__c", {"Must__c": "a"})["id"]
    assert typed.send("PATCH", f"/sobjects/Item__c/{record_id}", {"RecordTypeId": chosen}).status == 400


def test_types_of_other_objects_and_no_types_are_refused(typed: Caller) -> None:
    typed.send("PATCH", "/_sandbox/objects/Account", {"record_types": ["Household"]})
    household = infos(typed, "Account")["Household"]["recordTypeId"]
    assert refused(typed, RecordTypeId=household) == "INVALID_CROSS_REFERENCE_KEY"
    assert refused(typed, RecordTypeId="012000000000001AAA") == "INVALID_CROSS_REFERENCE_KEY"
    assert typed.post("/sobjects/Account", {"Name": "a", "RecordTypeId": household})["success"]


def test_users_have_record_types_and_a_default_of_their_own(typed: Caller) -> None:
    user = typed.org.users.default.username
    rights = {"record_types": {"Item__c": {"available": ["Secret"], "default": "Standard"}}}
    typed.send("PUT", f"/_sandbox/users/{user}", rights)
    found = infos(typed)
    shown = {name: (info["available"], info["defaultRecordTypeMapping"]) for name, info in found.items()}
    assert shown == {
        "Old": (False, False),
        "Rush_Order": (False, False),
        "Secret": (True, False),
        "Standard": (True, True),
        "Master": (True, False),
    }
    assert typed.post("/sobjects/Item__c", {"Must__c": "a"})["success"]
    assert typed.values("SELECT RecordTypeId FROM Item__c") == [found["Standard"]["recordTypeId"]]
    assert typed.post("/sobjects/Item__c", {"Must__c": "b", "RecordTypeId": found["Secret"]["recordTypeId"]})["success"]
    assert refused(typed, RecordTypeId=found["Rush_Order"]["recordTypeId"]) == "INVALID_CROSS_REFERENCE_KEY"


def test_a_record_keeps_a_type_that_has_become_inactive(typed: Caller) -> None:
    record_id = typed.post("/sobjects/Item__c", {"Must__c": "a"})["id"]
    rush = infos(typed)["Rush_Order"]["recordTypeId"]
    assert typed.send("PATCH", f"/sobjects/RecordType/{rush}", {"IsActive": False}).status == 204
    assert infos(typed)["Rush_Order"]["active"] is False
    assert typed.send("PATCH", f"/sobjects/Item__c/{record_id}", {"Note__c": "n", "RecordTypeId": rush}).status == 204
    assert typed.post("/sobjects/Item__c", {"Must__c": "b"})["success"]
    assert typed.values("SELECT RecordTypeId FROM Item__c WHERE Must__c = 'b'") == [None]


def test_record_types_can_be_created_like_records(sf: Caller) -> None:
    kind = {"Name": "New One", "DeveloperName": "New_One", "SobjectType": "Item__c", "IsActive": True}
    created = sf.post("/sobjects/RecordType", kind)["id"]
    assert infos(sf)["New_One"]["recordTypeId"] == created
    assert sf.post("/sobjects/Item__c", {"Must__c": "a", "RecordTypeId": created})["success"]
    assert sf.values("SELECT RecordType.Name FROM Item__c") == [{"Name": "New One"}]
    assert refused(sf, "RecordType", **kind) == "DUPLICATE_DEVELOPER_NAME"
    assert refused(sf, "RecordType", **{**kind, "DeveloperName": "a b"}) == "FIELD_INTEGRITY_EXCEPTION"
    wrong = {**kind, "DeveloperName": "X", "SobjectType": "Nothing__c"}
    assert refused(sf, "RecordType", **wrong) == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert refused(sf, "RecordType", **{**wrong, "SobjectType": "User"}) == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_record_type_that_is_rolled_back_leaves_nothing(sf: Caller) -> None:
    kind = {"attributes": {"type": "RecordType"}, "Name": "N", "DeveloperName": "N", "SobjectType": "Item__c"}
    answer = sf.post("/composite/sobjects", {"allOrNone": True, "records": [kind, {**kind, "SobjectType": "No"}]})
    assert [item["success"] for item in answer] == [False, False]
    assert sf.refusal("SELECT RecordTypeId FROM Item__c")[0] == "INVALID_FIELD"
    assert sf.post("/composite/sobjects", {"allOrNone": False, "records": [kind, {**kind, "SobjectType": "No"}]})
    assert sf.values("SELECT RecordTypeId FROM Item__c") == []


def test_a_describe_is_new_when_a_record_type_is(typed: Caller) -> None:
    first = typed.send("GET", "/sobjects/Item__c/describe").headers["ETag"]
    assert typed.send("GET", "/sobjects/Item__c/describe", if_none_match=first).status == 304
    rush = infos(typed)["Rush_Order"]["recordTypeId"]
    typed.send("PATCH", f"/sobjects/RecordType/{rush}", {"Name": "Hurry"})
    assert typed.send("GET", "/sobjects/Item__c/describe", if_none_match=first).status == 200


def test_definitions_bring_record_types_and_alterations_change_them(own_sf: Caller) -> None:
    own_sf.post("/_sandbox/objects", {"name": "Trip__c", "fields": [], "recordTypes": ["Day", "Night"]})
    assert [info["defaultRecordTypeMapping"] for info in infos(own_sf, "Trip__c").values()] == [False, False, True]
    change = {"record_types": [{"name": "Day", "default": True}, {"name": "Night", "available": False}]}
    assert own_sf.send("PATCH", "/_sandbox/objects/Trip__c", change).status == 200
    found = infos(own_sf, "Trip__c")
    assert [info["defaultRecordTypeMapping"] for info in found.values()] == [True, False, False]
    assert not found["Night"]["available"]
    own_sf.send("PATCH", "/_sandbox/objects/Trip__c", {"rename_to": "Tour__c"})
    assert own_sf.values("SELECT SobjectType FROM RecordType") == ["Tour__c", "Tour__c"]
    assert list(infos(own_sf, "Tour__c")) == ["Day", "Night", "Master"]
    own_sf.send("DELETE", "/_sandbox/objects/Tour__c")
    assert own_sf.values("SELECT Id FROM RecordType") == []


def test_record_types_survive_a_describe_of_their_empty_object(own_sf: Caller, tmp_path: Path) -> None:
    kind = {"Name": "Donor", "DeveloperName": "Donor", "SobjectType": "Contact", "IsActive": True}
    assert own_sf.post("/sobjects/RecordType", kind)["success"]
    (tmp_path / "Contact.json").write_text(json.dumps(own_sf.get("/sobjects/Contact/describe")))
    load_paths(own_sf.org.store, own_sf.org.schema, [tmp_path], user=own_sf.org.users.default.user_id, at=NOON)
    assert list(infos(own_sf, "Contact")) == ["Donor", "Master"]
    own_sf.send("DELETE", "/_sandbox/objects/Contact")
    assert own_sf.values("SELECT Id FROM RecordType") == []


@pytest.mark.parametrize("stated", [[{"available": True}], [{"name": "Day", "active": False}]])
def test_record_types_that_make_no_sense_are_refused(own_sf: Caller, stated: list[Any]) -> None:
    own_sf.post("/_sandbox/objects", {"name": "Trip__c", "fields": [], "recordTypes": ["Day"]})
    reply = own_sf.send("PATCH", "/_sandbox/objects/Trip__c", {"record_types": stated})
    assert reply.status == 400 and list(infos(own_sf, "Trip__c")) == ["Day", "Master"]


def test_record_types_of_a_loaded_describe_have_rows_with_their_ids(own_sf: Caller) -> None:
    described = own_sf.get("/sobjects/Contact/describe")
    type_id = "012AB0000000zzzYAA"
    described["recordTypeInfos"] = [
        {"name": "Donor", "developerName": "Donor", "recordTypeId": type_id, "active": True, "available": True,
         "defaultRecordTypeMapping": True, "master": False},
        {"name": "Master", "developerName": "Master", "recordTypeId": MASTER, "active": True, "available": True,
         "defaultRecordTypeMapping": False, "master": True},
    ]  # fmt: skip
    described["fields"] += [
        field for field in own_sf.get("/sobjects/Account/describe")["fields"] if field["name"] == "RecordTypeId"
    ]
    own_sf.post("/_sandbox/objects", described)
    assert own_sf.rows("SELECT Id, DeveloperName FROM RecordType") == [{"Id": type_id, "DeveloperName": "Donor"}]
    assert own_sf.post("/sobjects/Contact", {"LastName": "c"})["success"]
    assert own_sf.values("SELECT RecordTypeId FROM Contact") == [type_id]
