"""Describes against those of real orgs: keys, order, types and null-ness; facts of the standard objects."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.schema import Schema

STANDARD = ("Account", "Contact", "Lead", "Opportunity", "Case", "Event", "OpportunityContactRole")
# What an org may set up for itself: values of picklists, what events can relate to.
OF_THE_ORG = {("Event", "WhatId"), ("Event", "RecurrenceTimeZoneSidKey"), ("Lead", "Salutation")}


def real(fixtures_dir: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((fixtures_dir / "describes" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def version_of(described: dict[str, Any]) -> str:
    return "59.0" if "sobjectDescribeOption" in described else "48.0"


@pytest.mark.parametrize("name", STANDARD)
def test_a_describe_has_the_keys_of_a_real_one_in_its_order(fixtures_dir: Path, schema: Schema, name: str) -> None:
    want = real(fixtures_dir, name)
    got = schema.describe(name, version=version_of(want), instance_url="https://x.my.salesforce.com")
    assert list(got) == list(want)
    assert {tuple(field) for field in got["fields"]} == {tuple(field) for field in want["fields"]}
    flags = [key for key, value in want.items() if isinstance(value, bool | str)]
    assert {key: got[key] for key in flags} == {key: want[key] for key in flags}


@pytest.mark.parametrize("name", STANDARD)
def test_standard_fields_are_described_as_in_a_real_org(fixtures_dir: Path, schema: Schema, name: str) -> None:
    want = {field["name"]: field for field in real(fixtures_dir, name)["fields"] if "__" not in field["name"]}
    got = {field["name"]: field for field in schema.describe(name)["fields"]}
    assert list(got) == list(want)
    differing = {field: (got[field], want[field]) for field in want if got[field] != want[field]}
    assert {(name, field) for field in differing} <= OF_THE_ORG


@pytest.mark.parametrize("name", STANDARD)
def test_child_relationships_agree_with_a_real_org(fixtures_dir: Path, schema: Schema, name: str) -> None:
    want = {(item["childSObject"], item["field"]): item for item in real(fixtures_dir, name)["childRelationships"]}
    got = {(item["childSObject"], item["field"]): item for item in schema.describe(name)["childRelationships"]}
    assert {key: item for key, item in got.items() if key in want} == {key: want[key] for key in got if key in want}


@pytest.mark.parametrize("name", [*STANDARD, "Custom__c"])
def test_a_real_describe_that_is_loaded_comes_back_equal(fixtures_dir: Path, name: str) -> None:
    want = real(fixtures_dir, name)
    schema = Schema()
    schema.define(want)
    got = schema.describe(name, version=version_of(want))
    assert list(got) == list(want)
    of_the_url = ("urls", "childRelationships", "recordTypeInfos")
    assert {key: got[key] for key in got if key not in of_the_url} == {
        key: want[key] for key in want if key not in of_the_url
    }


def test_the_global_describe_has_the_keys_of_a_real_one(fixtures_dir: Path, schema: Schema) -> None:
    want, got = real(fixtures_dir, "Global"), schema.describe_global(version="52.0")
    assert list(got) == list(want)
    assert {tuple(entry) for entry in got["sobjects"]} == {tuple(entry) for entry in want["sobjects"]}
    known = {entry["name"]: entry for entry in want["sobjects"] if entry["keyPrefix"]}
    for entry in got["sobjects"]:
        if entry["name"] in known:
            assert entry["keyPrefix"] == known[entry["name"]]["keyPrefix"], entry["name"]


def test_null_ness_and_constants_per_type_are_those_of_real_fields(fixtures_dir: Path, schema: Schema) -> None:
    """An attribute that is never null (always null, always the same) for a type in real orgs is so here."""
    profile = json.loads((fixtures_dir / "describes" / "field_type_profile.json").read_text(encoding="utf-8"))["types"]
    free = {"name", "label", "length", "byteLength", "precision", "scale", "digits", "createable", "updateable"}
    free |= {
        "nillable",
        "custom",
        "nameField",
        "idLookup",
        "unique",
        "autoNumber",
        "permissionable",
        "polymorphicForeignKey",
    }
    free |= {"namePointing", "defaultedOnCreate", "restrictedPicklist", "searchPrefilterable", "sortable", "filterable"}
    free |= {
        "groupable",
        "aggregatable",
        "extraTypeInfo",
        "compoundFieldName",
        "referenceTo",
        "picklistValues",
        "defaultValue",
    }
    wrong: Counter[str] = Counter()
    for sobject in schema:
        for field in sobject.visible_fields:
            for key, value in field.describe().items():
                seen = profile.get(field.type, {}).get(key)
                if seen is None:
                    continue
                if len(seen) == 1 and key not in free and json.dumps(value) not in seen and key != "relationshipName":
                    wrong[f"{sobject.name}.{field.name}.{key} = {value!r}, real: {seen}"] += 1
                if (value is None) and "null" not in seen and key != "relationshipName":
                    wrong[f"{sobject.name}.{field.name}.{key} is null"] += 1
    assert not wrong


def test_global_describe_and_describe_agree(schema: Schema) -> None:
    for entry in schema.describe_global()["sobjects"]:
        described = schema.describe(entry["name"])
        shared = {key: described[key] for key in entry if key in described and key != "urls"}
        assert shared == {key: entry[key] for key in shared}


def test_references_point_to_objects_that_exist(schema: Schema) -> None:
    missing = {
        f"{sobject.name}.{field.name} > {target}"
        for sobject in schema
        for field in sobject.fields
        for target in field.reference_to
        if target not in schema
    }
    assert not missing


@pytest.mark.parametrize(
    ("name", "field", "has"),
    [
        ("Account", "IsDeleted", True),
        ("Account", "SystemModstamp", True),
        ("User", "IsDeleted", False),
        ("User", "SystemModstamp", True),
        ("RecordType", "IsDeleted", False),
        ("UserRole", "IsDeleted", False),
        ("UserRole", "CreatedDate", False),
        ("GroupMember", "CreatedDate", False),
        ("Organization", "IsDeleted", False),
        ("PricebookEntry", "IsDeleted", True),
    ],
)
def test_which_objects_have_which_system_fields(schema: Schema, name: str, field: str, has: bool) -> None:
    assert schema[name].has(field) is has


def test_what_describe_cannot_say(schema: Schema) -> None:
    assert [name for name in ("Account", "Contact", "Lead", "Case", "Opportunity") if schema[name].supports_merge] == [
        "Account",
        "Contact",
        "Lead",
        "Case",
    ]
    assert schema["ContentDocumentLink"].required_filter == ("Id", "ContentDocumentId", "LinkedEntityId")
    assert not schema["Attachment"].bulk_supported and schema["Account"].bulk_supported
    number = schema["Case"].field("CaseNumber")
    assert number is not None and number.auto_number and number.display_format == "{00000000}"
