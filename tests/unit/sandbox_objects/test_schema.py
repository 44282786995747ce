"""Definitions, derived attributes, alterations and lookups of the object model."""

import threading
from typing import Any

import pytest

from sffdw.sandbox.schema import Schema, SchemaError, make_field


def define(schema: Schema, name: str, *fields: dict[str, Any], **stated: Any) -> None:
    schema.define({"name": name, "fields": list(fields), **stated})


@pytest.mark.parametrize(
    ("stated", "want"),
    [
        (
            {"name": "A__c", "type": "string"},
            {"length": 255, "byteLength": 765, "soapType": "xsd:string", "groupable": True},
        ),
        (
            {"name": "A__c", "type": "textarea", "length": 32768},
            {"filterable": False, "sortable": False, "byteLength": 98304},
        ),
        ({"name": "A__c", "type": "textarea"}, {"filterable": True, "extraTypeInfo": "plaintextarea"}),
        ({"name": "A__c", "type": "boolean"}, {"nillable": False, "defaultValue": False, "aggregatable": False}),
        ({"name": "A__c", "type": "datetime"}, {"groupable": False, "sortable": True, "soapType": "xsd:dateTime"}),
        ({"name": "A__c", "type": "date"}, {"groupable": True, "length": 0}),
        ({"name": "A__c", "type": "currency"}, {"precision": 18, "scale": 2, "groupable": False}),
        ({"name": "A__c", "type": "multipicklist"}, {"byteLength": 4099, "sortable": False, "aggregatable": False}),
        ({"name": "A__c", "type": "location"}, {"queryByDistance": True, "createable": False, "sortable": False}),
        ({"name": "A__c", "type": "base64", "length": 9}, {"filterable": False, "byteLength": 9}),
        (
            {"name": "A__c", "type": "double", "formula": "1 + 1"},
            {"calculated": True, "createable": False, "groupable": False},
        ),
        ({"name": "A__c", "type": "string", "externalId": True}, {"idLookup": True}),
        ({"name": "A__c", "type": "picklist", "values": ["x", "y"]}, {"length": 255, "defaultedOnCreate": False}),
        ({"name": "A__c", "type": "reference", "referenceTo": "Account"}, {"relationshipName": "A__r", "length": 18}),
        (
            {"name": "XId", "type": "reference", "referenceTo": ["A", "B"]},
            {"polymorphicForeignKey": True, "namePointing": True},
        ),
        ({"name": "Id", "type": "id"}, {"createable": False, "nillable": False, "idLookup": True, "byteLength": 18}),
        ({"name": "Loc__Latitude__s", "type": "double"}, {"custom": True, "label": "Loc Latitude"}),
    ],
)
def test_what_is_not_stated_follows_from_the_type(stated: dict[str, Any], want: dict[str, Any]) -> None:
    described = make_field(stated).describe()
    assert {key: described[key] for key in want} == want


def test_stated_attributes_win_over_derived_ones() -> None:
    described = make_field({"name": "A", "type": "string", "groupable": False, "byteLength": 6}).describe()
    assert (described["groupable"], described["byteLength"]) == (False, 6)


def test_a_field_shows_57_attributes_in_alphabetical_order() -> None:
    described = make_field({"name": "A", "type": "string"}).describe()
    assert len(described) == 57
    assert list(described) == sorted(described)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"name": "A", "type": "varchar"}, 'unknown type "varchar"'),
        ({"name": "A", "type": "string", "size": 3}, 'unknown field attribute "size"'),
        ({"type": "string"}, "a field needs a name and a type"),
        ({"name": "A"}, "a field needs a name and a type"),
    ],
)
def test_a_field_that_cannot_be_is_refused(stated: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        make_field(stated)


def test_a_short_definition_gets_the_fields_every_object_has(schema: Schema) -> None:
    define(schema, "Thing__c", {"name": "Size__c", "type": "double"})
    names = [field.name for field in schema["thing__C"].visible_fields]
    assert names[:4] == ["Id", "OwnerId", "IsDeleted", "Name"]
    assert {"CreatedDate", "LastModifiedById", "SystemModstamp", "Size__c"} <= set(names)
    assert schema["Thing__c"].name_field is not None
    assert schema["Thing__c"].key_prefix == "a0A"


def test_a_detail_object_has_no_owner(schema: Schema) -> None:
    define(
        schema,
        "Thing__c",
        {"name": "Account__c", "type": "reference", "referenceTo": ["Account"], "masterDetail": True},
    )
    thing = schema["Thing__c"]
    assert thing.stored_field("OwnerId") is None
    parent = thing.field("Account__c")
    assert parent is not None and parent.is_master_detail and not parent.nillable and not parent.updateable
    child = schema.child("Account", "Things__r")
    assert child is not None and child.cascade_delete


def test_a_trimmed_describe_comes_back_as_it_was_and_stores_stamps_all_the_same(schema: Schema) -> None:
    fields = [
        make_field({"name": "Id", "type": "id"}).describe(),
        make_field({"name": "N__c", "type": "string"}).describe(),
    ]
    schema.define({"name": "Trim__c", "keyPrefix": "aB5", "childRelationships": [], "fields": fields})
    assert schema.describe("Trim__c")["fields"] == fields
    stored = schema["Trim__c"].stored_field("SystemModstamp")
    assert stored is not None and stored.hidden
    assert schema["Trim__c"].field("SystemModstamp") is None


def test_a_describe_of_a_standard_object_keeps_what_describe_cannot_say(schema: Schema) -> None:
    described = schema.describe("Case")
    described["fields"] = [field for field in described["fields"] if field["name"] != "Origin"]
    schema.define(described)
    case = schema["Case"]
    email, number, origin = case.field("ContactEmail"), case.field("CaseNumber"), case.stored_field("Origin")
    assert email is not None and email.derived_from == "Contact.Email"
    assert number is not None and number.display_format == "{00000000}"
    assert origin is not None and origin.hidden
    restrict = next(
        child for child in schema.children("Account") if (child.child_object, child.field) == ("Case", "AccountId")
    )
    assert restrict.restricted_delete


def test_lookups_match_in_any_case_and_answer_in_their_own(schema: Schema) -> None:
    account = schema["ACCOUNT"]
    field = account.field("billingCITY")
    assert account.name == "Account" and field is not None and field.name == "BillingCity"
    parent = schema.parent("contact", "ACCOUNT")
    assert parent is not None and parent[0].name == "AccountId" and parent[1] == (account,)
    child = schema.child("account", "contacts")
    assert child is not None and (child.child_object, child.field, child.cascade_delete) == (
        "Contact",
        "AccountId",
        True,
    )
    owner = schema.by_prefix("003AB0000000001AAA")
    assert owner is not None and owner.name == "Contact"


def test_what_is_unknown_is_none_or_raises(schema: Schema) -> None:
    assert schema.get("Nope") is None
    assert schema.parent("Account", "Nope") is None
    assert schema.child("Account", "Nope__r") is None
    assert schema.by_prefix("zzz") is None
    with pytest.raises(SchemaError, match='unknown object "Nope"'):
        schema.describe("Nope")


def test_components_of_a_compound_field(schema: Schema) -> None:
    names = [field.name for field in schema["Account"].components("billingaddress")]
    assert names[0] == "BillingStreet" and len(names) == 8
    assert [field.name for field in schema["Contact"].components("Name")] == ["LastName", "FirstName", "Salutation"]


def test_alterations_change_what_follows_too(schema: Schema) -> None:
    define(schema, "Thing__c", {"name": "A__c", "type": "string"}, {"name": "B__c", "type": "double"})
    schema.alter("Thing__c", {"alter_fields": [{"name": "A__c", "type": "textarea", "length": 1000}]})
    altered = schema["Thing__c"].field("A__c")
    assert altered is not None
    assert (altered.type, altered.length, altered.byte_length, altered.filterable) == ("textarea", 1000, 3000, False)


def test_alterations_are_told_to_the_store(schema: Schema) -> None:
    define(schema, "Thing__c", {"name": "A__c", "type": "string"}, {"name": "B__c", "type": "double"})
    (change,) = schema.alter(
        "Thing__c",
        {
            "rename_to": "Item__c",
            "add_fields": [{"name": "C__c", "type": "date"}],
            "drop_fields": ["b__C"],
            "rename_fields": {"a__c": "Z__c"},
            "hide_fields": ["C__c"],
        },
    )
    assert (change.object_name, change.renamed_from) == ("Item__c", "Thing__c")
    assert (change.dropped, change.renamed) == (("B__c",), (("A__c", "Z__c"),))
    assert [field.name for field in change.added] == ["C__c"]
    item = schema["Item__c"]
    assert item.field("C__c") is None and item.stored_field("C__c") is not None
    assert "Thing__c" not in schema


def test_hidden_fields_can_be_shown_again(schema: Schema) -> None:
    schema.alter("Account", {"hide_fields": ["Site"]})
    assert schema["Account"].field("Site") is None
    schema.alter("Account", {"hide_fields": {"Site": False}})
    assert schema["Account"].field("Site") is not None


def test_a_renamed_object_is_followed_by_references_to_it(schema: Schema) -> None:
    define(schema, "Thing__c")
    define(schema, "Part__c", {"name": "Thing__c", "type": "reference", "referenceTo": ["Thing__c"]})
    schema.alter("Thing__c", {"rename_to": "Item__c"})
    part = schema["Part__c"].field("Thing__c")
    assert part is not None and part.reference_to == ("Item__c",)
    assert [child.child_object for child in schema.children("Item__c")] == ["Part__c"]


def test_dropping_an_object_takes_fields_that_pointed_only_to_it(schema: Schema) -> None:
    define(schema, "Thing__c", activities=True)
    define(schema, "Part__c", {"name": "Thing__c", "type": "reference", "referenceTo": ["Thing__c"]})
    what = schema["Task"].field("WhatId")
    assert what is not None and "Thing__c" in what.reference_to
    changes = schema.drop("Thing__c")
    assert [(change.object_name, change.kind, change.dropped) for change in changes] == [
        ("Thing__c", "dropped", ()),
        ("Part__c", "altered", ("Thing__c",)),
    ]
    what = schema["Task"].field("WhatId")
    assert what is not None and "Thing__c" not in what.reference_to


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ({"drop_fields": ["Nope"]}, 'has no field "Nope"'),
        ({"drop_fields": ["Id"]}, "cannot be dropped"),
        ({"add_fields": [{"name": "site", "type": "string"}]}, 'already has a field "site"'),
        ({"rename_fields": {"Site": "Fax"}}, 'already has a field "Fax"'),
        ({"alter_fields": [{"type": "string"}]}, "needs a name"),
        ({"alter_fields": {"Site": {"colour": "red"}}}, 'unknown field attribute "colour"'),
        ({"rename_to": "Contact"}, 'object "Contact" already exists'),
        ({"drop_objects": []}, 'unknown operation "drop_objects"'),
        ({"rules": [{"condition": "x"}]}, "needs 'message'"),
    ],
)
def test_an_alteration_that_cannot_be_changes_nothing(schema: Schema, operations: dict[str, Any], message: str) -> None:
    before, version = schema["Account"], schema.version
    with pytest.raises(SchemaError, match=message):
        schema.alter("Account", operations)
    assert schema["Account"] is before and schema.version == version


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"name": "1x"}, "invalid object name"),
        ({}, "invalid object name"),
        (
            {"name": "T__c", "fields": [{"name": "A__c", "type": "string"}, {"name": "a__C", "type": "date"}]},
            "two fields",
        ),
        ({"name": "T__c", "fields": [{"name": "A-b", "type": "string"}]}, "invalid field name"),
        ({"name": "T__c", "keyPrefix": "001", "fields": []}, 'belongs to "Account"'),
        ({"name": "T__c", "keyPrefix": "a_0", "fields": []}, "invalid key prefix"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(schema: Schema, definition: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        schema.define(definition)


def test_defining_a_known_object_adds_the_fields_it_lacks(schema: Schema) -> None:
    (change,) = schema.define(
        {"name": "account", "fields": [{"name": "Site", "type": "string"}, {"name": "X__c", "type": "date"}]}
    )
    assert (change.object_name, [field.name for field in change.added]) == ("Account", ["X__c"])


def test_versions_grow_only_where_the_describe_changes(schema: Schema) -> None:
    account, contact, lead = (schema.version_of(name) for name in ("Account", "Contact", "Lead"))
    schema.alter("Contact", {"add_fields": [{"name": "Boss__c", "type": "reference", "referenceTo": ["Account"]}]})
    assert schema.version_of("Contact") > contact
    assert schema.version_of("Account") > account, "its childRelationships changed"
    assert schema.version_of("Lead") == lead


def test_prefixes_of_custom_objects_are_never_given_twice(schema: Schema) -> None:
    for number in range(80):
        define(schema, f"T{number}__c")
    prefixes = [schema[f"T{number}__c"].key_prefix for number in range(80)]
    assert len(set(prefixes)) == 80
    assert prefixes[0] == "a0A" and all(prefix is not None and prefix[0] == "a" for prefix in prefixes)


def test_two_lookups_to_one_parent_get_two_child_names(schema: Schema) -> None:
    lookups = [{"name": name, "type": "reference", "referenceTo": ["Account"]} for name in ("Buyer__c", "Seller__c")]
    define(schema, "Deal__c", *lookups)
    names = [child.relationship_name for child in schema.children("Account") if child.child_object == "Deal__c"]
    assert names == ["Deals__r", "Deals_Seller__r"]


def test_a_reader_never_sees_half_a_change(schema: Schema) -> None:
    """While one thread renames an object to and fro, each snapshot has it once and its child points to it."""
    define(schema, "A__c")
    define(schema, "Part__c", {"name": "Up__c", "type": "reference", "referenceTo": ["A__c"]})
    done = threading.Event()
    broken: list[str] = []

    def rename() -> None:
        for turn in range(60):
            schema.alter("A__c" if turn % 2 == 0 else "B__c", {"rename_to": "B__c" if turn % 2 == 0 else "A__c"})
        done.set()

    writer = threading.Thread(target=rename)
    writer.start()
    while not done.is_set():
        listed = {entry["name"] for entry in schema.describe_global()["sobjects"]}
        if len(listed & {"A__c", "B__c"}) != 1:
            broken.append(str(listed & {"A__c", "B__c"}))
    writer.join()
    assert not broken
