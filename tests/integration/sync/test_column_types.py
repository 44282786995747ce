"""The columns that fields get by the contract's table of types, and the fields that are more than a value."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows
from tests.integration.sync.schema import columns_of

Session = psycopg.Connection[Any]
TIMESTAMP = "timestamp without time zone"
# Of a custom object: name and type of a field, what else describe says, the type of its column or None for no column.
TYPES: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("Reference__c", "reference", {"referenceTo": ["Account"]}, "character varying(18)"),
    ("String__c", "string", {"length": 120}, "character varying(120)"),
    ("Auto__c", "string", {"length": 30, "autoNumber": True, "displayFormat": "A-{0000}"}, "character varying(30)"),
    ("Combobox__c", "combobox", {"length": 80, "values": ["a"]}, "character varying(80)"),
    ("Phone__c", "phone", {}, "character varying(40)"),
    ("Url__c", "url", {}, "character varying(255)"),
    ("Email__c", "email", {}, "character varying(80)"),
    ("Formula__c", "string", {"length": 1300, "formula": "Name & '!'"}, "character varying(1300)"),
    ("Picklist__c", "picklist", {"values": ["a", "b"]}, "character varying(255)"),
    ("Multi__c", "multipicklist", {"values": ["a", "b"]}, "character varying(4099)"),
    ("Area__c", "textarea", {"length": 255}, "character varying(255)"),
    ("Long_1__c", "textarea", {"length": 3000}, "character varying(3000)"),
    ("Long_2__c", "textarea", {"length": 8000}, "character varying(8000)"),
    ("Long_3__c", "textarea", {"length": 32_000}, "text"),
    ("Card__c", "encryptedstring", {"length": 20}, "character varying(20)"),
    ("Money__c", "currency", {"precision": 18, "scale": 2}, "double precision"),
    ("Number__c", "double", {"precision": 18, "scale": 0}, "double precision"),
    ("Rate__c", "percent", {"precision": 18, "scale": 2}, "double precision"),
    ("Whole__c", "int", {"digits": 9}, "integer"),
    ("Flag__c", "boolean", {}, "boolean"),
    ("Day__c", "date", {}, "date"),
    ("At__c", "datetime", {}, TIMESTAMP),
    ("Time__c", "time", {}, "time without time zone"),
    ("Any__c", "anyType", {}, "text"),
    ("Body__c", "base64", {}, None),
    ("Place__c", "location", {}, None),
    ("Place__Latitude__s", "double", {"precision": 18, "scale": 15, "compoundFieldName": "Place__c"},
     "double precision"),
    ("Place__Longitude__s", "double", {"precision": 18, "scale": 15, "compoundFieldName": "Place__c"},
     "double precision"),
]
STANDARD: dict[str, dict[str, str | None]] = {
    "account": {
        "name": "character varying(255)", "phone": "character varying(40)", "website": "character varying(255)",
        "ownerid": "character varying(18)", "numberofemployees": "integer", "annualrevenue": "double precision",
        "description": "text", "billingaddress": None, "billingstreet": "character varying(255)",
        "billingcity": "character varying(40)", "billingstate": "character varying(80)",
        "billingpostalcode": "character varying(20)", "billingcountry": "character varying(80)",
        "billinglatitude": "double precision", "billinglongitude": "double precision",
        "billinggeocodeaccuracy": "character varying(40)"},
    "contact": {
        "name": "character varying(121)", "email": "character varying(80)", "birthdate": "date",
        "sfid": "character varying(18)", "systemmodstamp": TIMESTAMP, "createddate": TIMESTAMP, "isdeleted": "boolean",
        "id": "integer", "_hc_lastop": "character varying(32)", "_hc_err": "text"},
}
PLACE = {"BillingStreet": "Unter den Linden 1\nHinterhaus", "BillingCity": "Berlin", "BillingPostalCode": "01234",
         "BillingCountry": "Germany", "BillingLatitude": 52.5163, "BillingLongitude": -0.1}


def test_columns_have_the_types_of_the_contract(org: Org, owner: Session) -> None:
    org.sandbox.call("POST", "/objects", {"name": "Typed__c", "fields": [
        {"name": name, "type": sf_type, **more} for name, sf_type, more, _ in TYPES]})
    owner.execute("SELECT sffdw.create_mapping('Typed__c', '{*}')")
    found = columns_of(owner, "salesforce.typed__c")
    assert {name: found.get(name.lower()) for name, _, _, _ in TYPES} == {name: want for name, _, _, want in TYPES}
    for table, wanted in STANDARD.items():
        owner.execute("SELECT sffdw.create_mapping(%s, '{*}')", [table])
        found = columns_of(owner, f"salesforce.{table}")
        assert {name: found.get(name) for name in wanted} == wanted
        assert set(found.values()) <= {want for _, _, _, want in TYPES} | set(wanted.values()) | {
            kind for kind in found.values() if kind.startswith("character varying(")}


def test_case_40_addresses_and_places_arrive_by_their_components(org: Org, owner: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "Site__c", "type": "location"},
        {"name": "Site__Latitude__s", "type": "double", "scale": 15, "compoundFieldName": "Site__c"},
        {"name": "Site__Longitude__s", "type": "double", "scale": 15, "compoundFieldName": "Site__c"}]})
    site = {"Site__Latitude__s": 49.4875, "Site__Longitude__s": 8.466}
    record_id = org.create("Account", {"Name": "a"} | site | PLACE)[0]
    for name in ("BillingAddress", "Site__c"):
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            owner.execute("SELECT sffdw.create_mapping('Account', %s)", [[name]])
    owner.execute("SELECT sffdw.create_mapping('Account', '{*}')")
    poll(owner)
    columns = ", ".join(name.lower() for name in PLACE)
    query = f"SELECT {columns}, site__latitude__s, site__longitude__s FROM salesforce.account"
    assert rows(owner, query) == [(*PLACE.values(), 49.4875, 8.466)]
    org.update("Account", record_id, BillingCity="Potsdam", Site__Latitude__s=-33.5)
    poll(owner)
    assert rows(owner, "SELECT billingcity, site__latitude__s FROM salesforce.account") == [("Potsdam", -33.5)]


def test_case_40_precise_types_hold_a_compound_field_as_json(org: Org, owner: Session) -> None:
    record_id = org.create("Account", {"Name": "a"} | PLACE)[0]
    owner.execute("SELECT sffdw.create_mapping('Account', '{BillingAddress}', types => 'precise')")
    poll(owner)
    assert one(owner, "SELECT billingaddress ->> 'city' FROM salesforce.account") == "Berlin"
    org.update("Account", record_id, BillingCity="Potsdam")
    poll(owner)
    assert one(owner, "SELECT billingaddress ->> 'city' FROM salesforce.account") == "Potsdam"


def test_case_41_a_record_with_content_arrives_without_it(org: Org, owner: Session) -> None:
    parent = org.create("Account", {"Name": "a"})[0]
    for number in range(3):
        org.create("Attachment", {"Name": f"note {number}.txt", "ParentId": parent, "Body": "aGVsbG8="})
    owner.execute("SELECT sffdw.create_mapping('Attachment', '{*}')")
    assert "body" not in columns_of(owner, "salesforce.attachment")
    poll(owner)
    org.create("Attachment", {"Name": "note 3.txt", "ParentId": parent, "Body": "aGVsbG8="})
    poll(owner)
    assert rows(owner, "SELECT name, parentid FROM salesforce.attachment ORDER BY name") == [
        (f"note {number}.txt", parent) for number in range(4)]


def test_case_43_references_of_15_characters_have_18_here(org: Org, owner: Session) -> None:
    parent = org.create("Account", {"Name": "parent"})[0]
    org.create("Contact", {"LastName": "short", "AccountId": parent[:15]}, {"LastName": "long", "AccountId": parent})
    owner.execute("SELECT sffdw.create_mapping('Contact', '{LastName,AccountId}')")
    poll(owner)
    assert rows(owner, "SELECT accountid, length(sfid) FROM salesforce.contact") == [(parent, 18)] * 2


def test_case_44_references_to_several_objects_arrive(org: Org, owner: Session) -> None:
    account, lead = org.create("Account", {"Name": "a"})[0], org.create("Lead", {"LastName": "l", "Company": "c"})[0]
    contact = org.create("Contact", {"LastName": "c"})[0]
    queue = org.create("Group", {"Name": "q", "DeveloperName": "q", "Type": "Queue"})[0]
    org.sandbox.change({"op": "update", "object": "Lead", "id": lead, "values": {"OwnerId": queue}}, raw=True)
    org.create("Task", {"Subject": "1", "WhatId": account}, {"Subject": "2", "WhoId": lead},
               {"Subject": "3", "WhoId": contact, "WhatId": account}, {"Subject": "4"})
    owner.execute("SELECT sffdw.create_mapping('Task', '{Subject,WhoId,WhatId}')")
    owner.execute("SELECT sffdw.create_mapping('Lead', '{OwnerId}')")
    poll(owner)
    assert rows(owner, "SELECT whatid, whoid FROM salesforce.task ORDER BY subject") == [
        (account, None), (None, lead), (account, contact), (None, None)]
    assert one(owner, "SELECT ownerid FROM salesforce.lead") == queue
