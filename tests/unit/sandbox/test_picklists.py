"""Restricted and dependent picklists: the bits of a describe, and what saving a record looks at."""

from typing import Any

import pytest

from sffdw.sandbox.schema import SchemaError
from sffdw.sandbox.schema.definition import read_definition
from sffdw.sandbox.schema.dependencies import decode, encode
from tests.unit.sandbox.conftest import Caller

PLACE = {
    "name": "Place__c",
    "fields": [
        {"name": "Country__c", "type": "picklist", "values": ["US", "CA", "FR"], "restrictedPicklist": True},
        {
            "name": "City__c",
            "type": "picklist",
            "restrictedPicklist": True,
            "controllerName": "Country__c",
            "picklistValues": [
                {"value": "Boston", "for": ["US"]},
                {"value": "London", "for": ["US", "ca"]},
                {"value": "Lyon", "for": ["FR"]},
                {"value": "Gone", "for": ["FR"], "active": False},
                {"value": "Nowhere", "for": []},
            ],
        },
        {"name": "Open__c", "type": "boolean"},
        {
            "name": "Free__c",
            "type": "multipicklist",
            "controllerName": "Open__c",
            "picklistValues": [{"value": "Day", "for": [True]}, {"value": "Night", "for": [False, True]}],
        },
    ],
}


def define(sf: Caller, definition: dict[str, Any] = PLACE) -> dict[str, Any]:
    """Define the object and return its described fields by name."""
    assert sf.send("POST", "/_sandbox/objects", definition).status == 201
    return described(sf)


def described(sf: Caller) -> dict[str, Any]:
    return {field["name"]: field for field in sf.get("/sobjects/Place__c/describe")["fields"]}


def bits(field: dict[str, Any]) -> dict[str, str]:
    return {value["value"]: value["validFor"] for value in field["picklistValues"]}


def test_a_describe_says_in_bits_what_the_definition_names(own_sf: Caller) -> None:
    fields = define(own_sf)
    city, free = fields["City__c"], fields["Free__c"]
    assert (city["controllerName"], city["dependentPicklist"], city["restrictedPicklist"]) == ("Country__c", True, True)
    assert bits(city) == {"Boston": "gAAA", "London": "wAAA", "Lyon": "IAAA", "Gone": "IAAA", "Nowhere": "AAAA"}
    assert bits(free) == {"Day": "QAAA", "Night": "wAAA"}
    country = fields["Country__c"]
    assert (country["controllerName"], country["dependentPicklist"]) == (None, False)
    assert set(bits(country).values()) == {None}


def test_bits_go_on_over_bytes() -> None:
    known = [f"v{number}" for number in range(30)]
    assert encode(["V9", "v29"], known) == "AEAABAAA"
    assert decode("AEAABAAA", known) == ("v9", "v29")
    assert decode("gAAA", ["a"]) == ("a",)
    assert decode(None, known) == ()


def test_bits_follow_when_the_controlling_values_change(own_sf: Caller) -> None:
    define(own_sf)
    changes: dict[str, Any] = {"alter_fields": {"Country__c": {"values": ["DE", "FR", "US"]}}}
    assert own_sf.send("PATCH", "/_sandbox/objects/Place__c", changes).status == 200
    want = {"Boston": "IAAA", "London": "IAAA", "Lyon": "QAAA", "Gone": "QAAA", "Nowhere": "AAAA"}
    assert bits(described(own_sf)["City__c"]) == want
    own_sf.send("PATCH", "/_sandbox/objects/Place__c", {"rename_fields": {"Country__c": "Land__c"}})
    city = described(own_sf)["City__c"]
    assert (city["controllerName"], bits(city)) == ("Land__c", want)


def test_an_orgs_own_describe_keeps_its_bits(own_sf: Caller) -> None:
    define(own_sf)
    shown = own_sf.get("/sobjects/Place__c/describe")
    again = read_definition({**shown, "name": "Copy__c"})
    assert [again.field("City__c").describe()] == [field for field in shown["fields"] if field["name"] == "City__c"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"controllerName": "Nothing__c"}, "Nothing__c"),
        ({"controllerName": "Note__c"}, "cannot control"),
        ({"controllerName": "Country__c", "picklistValues": [{"value": "x", "for": ["DE"]}]}, '"DE" is no value'),
        ({"controllerName": "Country__c", "picklistValues": [{"value": "x", "for": "US"}]}, "must be a list"),
        ({"controllerName": "Country__c", "picklistValues": [{"value": "x", "validFor": "?"}]}, "not base64"),
    ],
)
def test_definitions_that_cannot_be_are_refused(changes: dict[str, Any], want: str) -> None:
    note = {"name": "Note__c", "type": "string"}
    dependent = {"name": "City__c", "type": "picklist", "picklistValues": [{"value": "x", "for": []}]} | changes
    with pytest.raises(SchemaError, match=want):
        read_definition({"name": "Place__c", "fields": [PLACE["fields"][0], note, dependent]})


def test_a_controlling_field_cannot_be_dropped_alone(own_sf: Caller) -> None:
    define(own_sf)
    refused = own_sf.send("PATCH", "/_sandbox/objects/Place__c", {"drop_fields": ["Country__c"]})
    assert refused.body[0]["errorCode"] == "INVALID_DEFINITION"
    both = {"drop_fields": ["Country__c", "City__c"]}
    assert own_sf.send("PATCH", "/_sandbox/objects/Place__c", both).status == 200


def save(sf: Caller, **values: Any) -> tuple[int, str | None]:
    reply = sf.send("POST", "/sobjects/Place__c", values)
    return reply.status, None if reply.status == 201 else reply.body[0]["errorCode"]


REFUSED = (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


def test_the_api_looks_at_active_values_and_not_at_dependencies(own_sf: Caller) -> None:
    define(own_sf)
    assert save(own_sf, Country__c="US", City__c="Lyon") == (201, None)
    assert save(own_sf, City__c="Nowhere") == (201, None)
    assert save(own_sf, City__c="Gone") == REFUSED
    assert save(own_sf, Country__c="US", City__c="Paris") == REFUSED
    assert save(own_sf, Free__c="anything") == (201, None)


def test_an_org_can_be_made_to_enforce_dependencies(own_sf: Caller) -> None:
    define(own_sf)
    own_sf.org.options.switches["enforce_dependencies"] = True
    assert save(own_sf, Country__c="US", City__c="boston") == (201, None)
    assert save(own_sf, Country__c="US", City__c="Lyon") == REFUSED
    assert save(own_sf, City__c="Lyon") == REFUSED
    assert save(own_sf, Country__c="FR") == (201, None)
    assert save(own_sf, Free__c="Day") == (201, None)
    record_id = own_sf.post("/sobjects/Place__c", {"Country__c": "FR", "City__c": "Lyon"})["id"]
    path = f"/sobjects/Place__c/{record_id}"
    assert own_sf.send("PATCH", path, {"Country__c": "US"}).body[0]["fields"] == ["City__c"]
    assert own_sf.send("PATCH", path, {"Country__c": "US", "City__c": "Boston"}).status == 204
    assert own_sf.send("PATCH", path, {"Open__c": True}).status == 204
