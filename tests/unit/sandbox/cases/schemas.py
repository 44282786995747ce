"""Cases 48 to 56 and 76: objects and fields that come, go and are called something else."""

from __future__ import annotations

from tests.unit.sandbox.bulk.conftest import Bulk
from tests.unit.sandbox.cases.table import case, refused, strike

ACCOUNT = "/_sandbox/objects/Account"


def field_names(sf: Bulk, object_name: str) -> list[str]:
    """Return the names a describe lists."""
    return [field["name"] for field in sf.get(f"/sobjects/{object_name}/describe")["fields"]]


@case(48, 54)
def a_field_appears_and_is_empty_everywhere(sf: Bulk) -> None:
    sf.create("Account", Name="x")
    assert "New__c" not in field_names(sf, "Account")
    sf.send("PATCH", ACCOUNT, {"add_fields": [{"name": "New__c", "type": "string", "length": 20}]})
    assert "New__c" in field_names(sf, "Account")
    assert sf.values("SELECT New__c FROM Account") == [None]


@case(49)
def a_field_disappears(sf: Bulk) -> None:
    sf.send("PATCH", ACCOUNT, {"add_fields": [{"name": "New__c", "type": "string", "length": 20}]})
    sf.create("Account", Name="x", New__c="y")
    strike(sf, "field.gone", {"fields": ["Account.New__c"]}, kind="query", calls="1")
    assert sf.refusal("SELECT New__c FROM Account")[0] == "INVALID_FIELD"
    strike(sf, "field.hidden", {"fields": ["New__c"]}, kind="query", calls="1")
    assert sf.refusal("SELECT New__c FROM Account")[0] == "INVALID_FIELD"
    user = sf.org.users.default.username
    sf.send("PUT", f"/_sandbox/users/{user}", {"fields": {"Account.New__c": {"read": False, "edit": False}}})
    assert sf.refusal("SELECT New__c FROM Account")[0] == "INVALID_FIELD"
    assert "New__c" not in field_names(sf, "Account")
    sf.send("PUT", f"/_sandbox/users/{user}", {"fields": {}})
    assert sf.values("SELECT New__c FROM Account") == ["y"]
    sf.send("PATCH", ACCOUNT, {"drop_fields": ["New__c"]})
    assert sf.refusal("SELECT New__c FROM Account")[0] == "INVALID_FIELD"


@case(49)
def an_object_disappears(sf: Bulk) -> None:
    strike(sf, "object.gone", kind="query", calls="1")
    assert sf.refusal("SELECT Id FROM Account")[0] == "INVALID_TYPE"
    sf.send("DELETE", "/_sandbox/objects/Item__c")
    assert sf.refusal("SELECT Id FROM Item__c")[0] == "INVALID_TYPE"
    assert refused(sf, "GET", "/sobjects/Item__c/describe") == (404, "NOT_FOUND")


@case(51)
def an_object_is_wider_than_a_table_can_be(sf: Bulk) -> None:
    fields = [{"name": f"F{number}__c", "type": "string", "length": 10} for number in range(1650)]
    sf.post("/_sandbox/objects", {"name": "Wide__c", "fields": fields})
    sf.create("Wide__c", F0__c="a", F1649__c="z")
    assert len(field_names(sf, "Wide__c")) > 1650
    row = sf.rows("SELECT FIELDS(CUSTOM) FROM Wide__c LIMIT 1")[0]
    assert (len(row), row["F0__c"], row["F1649__c"]) == (1650, "a", "z")


@case(52, 53)
def names_collide_when_they_are_cut_or_folded(sf: Bulk) -> None:
    long = "A" + "b" * 62
    names = [f"{long}1__c", f"{long}2__c", "acme__Size__c", "Size__c", "Order__c", "Group__c"]
    fields = [{"name": name, "type": "string", "length": 10} for name in names]
    sf.post("/_sandbox/objects", {"name": "acme__Item__c", "fields": fields})
    sf.create("acme__Item__c", **{name: str(place) for place, name in enumerate(names)})
    assert sf.rows(f"SELECT {', '.join(names)} FROM acme__Item__c") == [
        {name: str(place) for place, name in enumerate(names)}
    ]
    for name in ("User", "Order", "Group", "Case"):
        assert isinstance(sf.query(f"SELECT Id FROM {name}"), dict)


@case(55)
def describes_are_asked_for_again_only_when_they_changed(sf: Bulk) -> None:
    path = "/sobjects/Account/describe"
    sf.send("PATCH", ACCOUNT, {"add_fields": [{"name": "Old__c", "type": "boolean"}]})
    stamp = sf.send("GET", path).headers["Last-Modified"]
    assert sf.send("GET", path, if_modified_since=stamp).status == 304
    subrequest = {"method": "GET", "url": f"/services/data/v62.0{path}", "referenceId": "a"}
    body = {"compositeRequest": [subrequest | {"httpHeaders": {"If-Modified-Since": stamp}}]}
    answer = sf.post("/composite", body)["compositeResponse"][0]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)
    sf.org.clock.advance(60)
    sf.send("PATCH", ACCOUNT, {"add_fields": [{"name": "New__c", "type": "boolean"}]})
    assert sf.send("GET", path, if_modified_since=stamp).status == 200


@case(56)
def some_objects_cannot_be_read_like_others(sf: Bulk) -> None:
    for name in ("ContentDocumentLink", "ContentFolderItem", "IdeaComment", "Vote"):
        code, text = sf.refusal(f"SELECT Id FROM {name}")
        assert (code, f"Implementation restriction: {name} requires a filter" in text) == ("MALFORMED_QUERY", True)
    code, text = sf.refusal("SELECT Id FROM AccountChangeEvent")
    assert (code, text) == ("INVALID_TYPE_FOR_OPERATION", "entity type AccountChangeEvent does not support query")
    body = {"operation": "query", "query": "SELECT Id FROM TaskStatus"}
    assert refused(sf, "POST", "/jobs/query", body) == (400, "INVALIDENTITY")


@case(76)
def an_administrator_renames(sf: Bulk) -> None:
    record_id = sf.create("Item__c", Must__c="x", Note__c="y")
    prefix = sf.get("/sobjects/Item__c/describe")["keyPrefix"]
    sf.send("PATCH", "/_sandbox/objects/Item__c", {"rename_to": "Thing__c", "rename_fields": {"Note__c": "Remark__c"}})
    assert sf.refusal("SELECT Id FROM Item__c")[0] == "INVALID_TYPE"
    assert sf.get("/sobjects/Thing__c/describe")["keyPrefix"] == prefix
    assert sf.rows("SELECT Id, Remark__c FROM Thing__c") == [{"Id": record_id, "Remark__c": "y"}]
    assert sf.refusal("SELECT Note__c FROM Thing__c")[0] == "INVALID_FIELD"
