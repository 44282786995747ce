"""The columns that fields get by the contract's table of types, and the fields that are more than a value."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, write
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


@pytest.fixture
def timed(org: Org, owner: Session) -> Session:
    """Account with a time and money, two rows loaded, a column and versions of the user's own."""
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [{"name": "At__c", "type": "datetime"}]})
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Phone,AnnualRevenue,At__c}', access => 'read_write', "
                  "history => true)")
    owner.execute("ALTER TABLE salesforce.account ADD COLUMN mine text DEFAULT 'kept'")
    org.create("Account", {"Name": "a", "AnnualRevenue": 1234567890123456, "At__c": "2024-03-10T07:30:00.000+0000"},
               {"Name": "b"})
    poll(owner)
    owner.execute("SET timezone = 'America/New_York'")
    return owner


ROWS = "SELECT id, sfid, name, phone, mine, _hc_lastop FROM salesforce.account ORDER BY name"
KINDS = {"heroku": ("double precision", TIMESTAMP, "character varying(40)"),
         "precise": ("numeric", "timestamp with time zone", "text")}


def kinds(session: Session, table: str = "account") -> tuple[str, ...]:
    found = columns_of(session, f"salesforce.{table}")
    return tuple(found[name] for name in ("annualrevenue", "at__c", "phone"))


def test_types_are_altered_in_place_and_back(org: Org, timed: Session) -> None:
    timed.execute("UPDATE salesforce.account SET annualrevenue = 4, at__c = '2024-03-10 02:30' WHERE name = 'b'")
    before, entries = rows(timed, ROWS), rows(timed, "TABLE salesforce._trigger_log")
    versions = one(timed, "SELECT count(*) FROM salesforce._account_history")
    timed.execute("SELECT sffdw.alter_mapping('Account', types => 'precise')")
    assert kinds(timed) == kinds(timed, "_account_history") == KINDS["precise"]
    # What was read as double precision may have more digits in Salesforce.
    assert rows(timed, "SELECT purpose, columns FROM sffdw.field_sweep") == [("backfill", ["annualrevenue"])]
    assert (rows(timed, ROWS), rows(timed, "TABLE salesforce._trigger_log")) == (before, entries)
    assert one(timed, "SELECT count(*) FROM salesforce._account_history") == versions
    times = "SELECT name, annualrevenue::text, at__c AT TIME ZONE 'UTC' FROM salesforce.account ORDER BY name"
    assert [(name, amount, str(at)) for name, amount, at in rows(timed, times)] == [
        ("a", "1234567890123456", "2024-03-10 07:30:00"), ("b", "4", "2024-03-10 02:30:00")]
    write(timed)
    record = org.record("Account", before[1][1])
    assert record is not None
    assert (record["AnnualRevenue"], record["At__c"]) == (4, "2024-03-10T02:30:00.000+0000")
    poll(timed)
    assert rows(timed, "SELECT * FROM sffdw.field_sweep") == []
    timed.execute("UPDATE salesforce.account SET annualrevenue = 7 WHERE name = 'b'")
    timed.execute("SELECT sffdw.alter_mapping('Account', types => 'heroku')")
    assert (kinds(timed), kinds(timed, "_account_history")[:2]) == (KINDS["heroku"], KINDS["heroku"][:2])
    assert rows(timed, "SELECT * FROM sffdw.field_sweep") == []
    write(timed)
    poll(timed)
    assert rows(timed, "SELECT name, annualrevenue, at__c::text FROM salesforce.account ORDER BY name") == [
        ("a", 1234567890123456.0, "2024-03-10 07:30:00"), ("b", 7.0, "2024-03-10 02:30:00")]
    assert {mine for *_, mine, _ in rows(timed, ROWS)} == {"kept"}


def test_a_load_under_way_begins_anew_with_the_new_types(org: Org, timed: Session) -> None:
    timed.execute("SELECT sffdw.reload('Account')")
    timed.execute("UPDATE sffdw.mapping SET load_cursor = 'x', load_is_staged = true")
    timed.execute("SELECT sffdw.alter_mapping('Account', types => 'precise')")
    assert rows(timed, "SELECT load_cursor FROM sffdw.mapping") == [(None,)]
    poll(timed)
    assert one(timed, "SELECT at__c AT TIME ZONE 'UTC' = '2024-03-10 07:30' FROM salesforce.account WHERE name = 'a'")
    assert one(timed, "SELECT state FROM sffdw.mappings") == "DATA_SYNCED"


HINDRANCES = {
    "a view": ("CREATE VIEW salesforce.big AS SELECT * FROM salesforce.account WHERE annualrevenue > 1", "precise",
               "0A000", "big"),
    "conflicts to be found": ("SELECT sffdw.alter_mapping('Account', conflict_policy => 'salesforce');"
                              "UPDATE salesforce.account SET phone = '1'", "precise", "55000", "values"),
    "a compound field": ("SELECT sffdw.alter_mapping('Account', types => 'precise', add_fields => '{BillingAddress}')",
                         "heroku", "0A000", "BillingAddress"),
    "a text that is too long": ("SELECT sffdw.alter_mapping('Account', types => 'precise');"
                                "UPDATE salesforce.account SET phone = repeat('x', 41)", "heroku", "42804", "too long"),
}


@pytest.mark.parametrize("case", HINDRANCES)
def test_types_that_would_lose_something_are_refused_and_nothing_is_changed(timed: Session, case: str) -> None:
    statements, types, sqlstate, detail = HINDRANCES[case]
    for statement in statements.split(";"):
        timed.execute(statement.encode())
    before = rows(timed, ROWS), kinds(timed), rows(timed, "SELECT types, revision FROM sffdw.mappings")
    with pytest.raises(psycopg.Error) as raised:
        timed.execute("SELECT sffdw.alter_mapping('Account', types => %s)", [types])
    assert raised.value.sqlstate == sqlstate
    assert detail in str(raised.value.diag.message_detail)
    assert raised.value.diag.message_hint and "drop_table" not in raised.value.diag.message_hint
    assert (rows(timed, ROWS), kinds(timed), rows(timed, "SELECT types, revision FROM sffdw.mappings")) == before


def test_compound_fields_go_with_the_types_that_hold_them(timed: Session) -> None:
    timed.execute("SELECT sffdw.alter_mapping('Account', types => 'precise', add_fields => '{BillingAddress}')")
    timed.execute("SELECT sffdw.alter_mapping('Account', types => 'heroku', drop_fields => '{BillingAddress}')")
    assert kinds(timed) == KINDS["heroku"]
