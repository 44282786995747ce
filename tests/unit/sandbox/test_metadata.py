"""Versions, resources, describes and their conditions, compared with real ones where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller


def test_versions_ascend_and_need_no_session(sf: Caller) -> None:
    sf.token = "none"
    versions = sf.get("/services/data")
    assert versions[0]["version"] == "31.0"
    assert {"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"} in versions
    assert versions[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert sf.send("GET", "/services/data/v59.0/limits").status == 401


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [("30.0", 410, "UNSUPPORTED_API_VERSION"), ("68.0", 404, "NOT_FOUND"), ("x", 404, "NOT_FOUND")],
)
def test_other_versions_are_refused(sf: Caller, version: str, status: int, code: str) -> None:
    reply = sf.send("GET", f"/services/data/v{version}/limits")
    assert (reply.status, reply.body[0]["errorCode"]) == (status, code)


def test_the_list_of_resources_ends_with_an_absolute_identity(sf: Caller) -> None:
    resources = sf.get("/")
    assert resources["query"] == "/services/data/v62.0/query"
    assert resources["identity"].startswith("https://")
    assert (
        sf.get(resources["identity"].removeprefix("https://acme.my.salesforce.com"))["username"]
        == sf.org.credentials.username
    )


def test_paths_take_any_case_a_trailing_slash_and_double_slashes(sf: Caller) -> None:
    assert sf.get("/sobjects/aCCount/describe/")["name"] == "Account"
    assert sf.get("/services/data//v62.0/sobjects/Account/")["objectDescribe"]["name"] == "Account"


def test_every_listed_object_can_be_described(sf: Caller) -> None:
    listed = sf.get("/sobjects")["sobjects"]
    assert len(listed) > 50
    for entry in listed:
        described = sf.get(f"/sobjects/{entry['name']}/describe")
        assert {key: described[key] for key in ("keyPrefix", "queryable", "createable", "label")} == {
            key: entry[key] for key in ("keyPrefix", "queryable", "createable", "label")
        }
        assert all(len(field) == 57 for field in described["fields"])


def test_a_describe_that_has_not_changed_is_not_sent_again(own_sf: Caller) -> None:
    first = own_sf.send("GET", "/sobjects/Account/describe")
    assert (
        own_sf.send("GET", "/sobjects/Account/describe", if_modified_since=first.headers["Last-Modified"]).status == 304
    )
    assert own_sf.send("GET", "/sobjects/Account/describe", if_none_match=first.headers["ETag"]).status == 304
    own_sf.org.clock.advance(10)
    own_sf.send("PATCH", "/_sandbox/objects/Account", {"add_fields": [{"name": "New__c", "type": "int"}]})
    again = own_sf.send("GET", "/sobjects/Account/describe", if_modified_since=first.headers["Last-Modified"])
    assert again.status == 200
    assert again.body["fields"][-1]["name"] == "New__c"
    assert again.headers["ETag"] != first.headers["ETag"]
    assert own_sf.send("GET", "/sobjects", if_modified_since=again.headers["Last-Modified"]).status == 304


def test_objects_change_while_the_org_runs(own_sf: Caller) -> None:
    sf = own_sf
    sf.post("/_sandbox/objects", {"name": "Old__c", "fields": [{"name": "A__c", "type": "string", "length": 5}]})
    record_id = sf.create("Old__c", A__c="x")
    sf.send(
        "PATCH",
        "/_sandbox/objects/Old__c",
        {
            "rename_to": "New__c",
            "rename_fields": {"A__c": "B__c"},
            "add_fields": [{"name": "C__c", "type": "double", "scale": 1}],
        },
    )
    assert sf.rows("SELECT Id, B__c, C__c FROM New__c") == [{"Id": record_id, "B__c": "x", "C__c": None}]
    assert sf.refusal("SELECT A__c FROM New__c")[0] == "INVALID_FIELD"
    assert sf.refusal("SELECT Id FROM Old__c")[0] == "INVALID_TYPE"
    sf.send(
        "PATCH",
        "/_sandbox/objects/New__c",
        {"drop_fields": ["B__c"], "alter_fields": {"C__c": {"type": "string", "length": 9}}},
    )
    sf.change({"op": "update", "object": "New__c", "id": record_id, "values": {"C__c": "text"}})
    assert sf.rows("SELECT C__c FROM New__c") == [{"C__c": "text"}]
    assert sf.send("DELETE", "/_sandbox/objects/New__c").status == 204
    assert sf.send("GET", "/sobjects/New__c/describe").status == 404


def test_describes_have_the_shape_of_real_ones(sf: Caller, fixtures_dir: Path) -> None:
    for name in ("Account", "Contact", "Opportunity", "Lead", "Case"):
        real = json.loads((fixtures_dir / "describes" / f"{name}.json").read_text())
        ours = sf.get(f"/sobjects/{name}/describe")
        assert set(real) <= set(ours)
        assert list(real["fields"][0]) == list(ours["fields"][0])
        known = {field["name"]: field for field in ours["fields"]}
        for field in real["fields"]:
            if not field["custom"] and field["name"] in known:
                assert _kinds(known[field["name"]]) == _kinds(field), (name, field["name"])


def _kinds(field: dict[str, Any]) -> dict[str, Any]:
    return {key: field[key] for key in ("type", "soapType", "length", "precision", "scale", "digits", "referenceTo")}
