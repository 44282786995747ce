"""Columns that hold the external id of the record that a lookup leads to: <relationship>__<external id>."""

import pytest

from tests.integration.capture.queries import columns_of, indexes_of, refusal
from tests.integration.sync.org import Org, Session, one, poll, rows, write

COLUMN = "account__external_id__c"


@pytest.fixture
def related(org: Org, owner: Session) -> Session:
    """Contact with the external id of its account as a column, one of each loaded."""
    parent, = org.create("Account", {"Name": "Parent", "External_Id__c": "P-1"})
    org.create("Contact", {"LastName": "With", "AccountId": parent}, {"LastName": "Without"})
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,External_Id__c}', access => 'read_write', "
                  "unique_identifier => 'External_Id__c')")
    owner.execute("SELECT sffdw.create_mapping('Contact', '{LastName,AccountId,account.external_id__C}', "
                  "access => 'read_write')")
    poll(owner)
    return owner


def parents(session: Session) -> list[tuple[str, str | None, bool]]:
    return rows(session, f"SELECT lastname, {COLUMN}, accountid IS NOT NULL FROM salesforce.contact ORDER BY 1")


def test_column_is_the_contracts_and_filled_on_read(related: Session) -> None:
    assert columns_of(related, "salesforce.contact")[COLUMN] == "character varying(80)"
    assert indexes_of(related, "contact")[f"hc_idx_contact_{COLUMN}"] is False
    assert parents(related) == [("With", "P-1", True), ("Without", None, False)]
    assert "Account.External_Id__c" in one(related, "SELECT fields FROM sffdw.mappings WHERE object_name = 'Contact'")


def test_case_70_parent_and_child_of_one_transaction_find_each_other(org: Org, related: Session) -> None:
    with related.transaction():
        related.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('New parent', 'P-2')")
        related.execute(f"INSERT INTO salesforce.contact (lastname, {COLUMN}) VALUES ('New child', 'P-2')")
    write(related)
    child = next(record for record in org.sandbox.records("Contact") if record["LastName"] == "New child")
    parent = next(record for record in org.sandbox.records("Account") if record["Name"] == "New parent")
    assert child["AccountId"] == parent["Id"]
    poll(related)
    assert ("New child", "P-2", True) in parents(related)


def test_link_is_changed_and_cut_by_external_id(org: Org, related: Session) -> None:
    org.create("Account", {"Name": "Other", "External_Id__c": "P-3"})
    related.execute(f"UPDATE salesforce.contact SET {COLUMN} = 'P-3' WHERE lastname = 'Without'")
    related.execute(f"UPDATE salesforce.contact SET {COLUMN} = NULL WHERE lastname = 'With'")
    write(related)
    poll(related)
    assert parents(related) == [("With", None, False), ("Without", "P-3", True)]


def test_unknown_external_id_fails_the_entry_alone(org: Org, related: Session) -> None:
    related.execute(f"UPDATE salesforce.contact SET {COLUMN} = 'nobody' WHERE lastname = 'With'")
    related.execute("UPDATE salesforce.contact SET lastname = 'Renamed' WHERE lastname = 'Without'")
    write(related)
    assert rows(related, "SELECT state FROM salesforce._trigger_log ORDER BY id") == [("FAILED",), ("SUCCESS",)]
    assert "nobody" in one(related, "SELECT sf_message FROM salesforce._trigger_log WHERE state = 'FAILED'")
    assert "names: make it" in one(related, "SELECT remedy FROM sffdw.write_errors")


def test_a_blank_external_id_names_nobody(org: Org, related: Session) -> None:
    related.execute(f"UPDATE salesforce.contact SET {COLUMN} = '' WHERE lastname = 'With'")
    related.execute(f"INSERT INTO salesforce.contact (lastname, {COLUMN}) VALUES ('New', ' ')")
    write(related)
    assert rows(related, "SELECT state FROM salesforce._trigger_log") == [("SUCCESS",)] * 2
    poll(related)
    assert parents(related) == [("New", None, False), ("With", None, False), ("Without", None, False)]


def test_changed_external_id_of_the_parent_comes_with_the_formulas(org: Org, related: Session) -> None:
    org.advance(86400)
    poll(related)
    parent = one(related, "SELECT sfid FROM salesforce.account")
    org.update("Account", parent, External_Id__c="P-9")
    related.execute("SELECT sffdw.refresh_fields('Contact')")
    poll(related)
    assert parents(related)[0] == ("With", "P-9", True)


def test_column_is_added_and_other_alterations_leave_it(related: Session) -> None:
    related.execute("SELECT sffdw.alter_mapping('Contact', drop_fields => '{Account.External_Id__c}')")
    assert COLUMN not in columns_of(related, "salesforce.contact")
    related.execute("SELECT sffdw.alter_mapping('Contact', add_fields => '{Account.External_Id__c}')")
    related.execute("SELECT sffdw.alter_mapping('Contact', poll_interval => '1 minute')")
    poll(related)
    assert parents(related)[0] == ("With", "P-1", True)


@pytest.mark.parametrize(("field", "want"), [
    ("Nothing__r.Id", "SF008"), ("Account.Nothing__c", "SF008"), ("Account.Name", "22023"), ("Owner.Name", "0A000"),
    ("Account.Parent.External_Id__c", "SF008")])
def test_path_that_is_none_is_refused(org: Org, owner: Session, field: str, want: str) -> None:
    object_name = "Case" if field.startswith("Owner") else "Contact"
    sqlstate, message, hint = refusal(owner, f"SELECT sffdw.create_mapping('{object_name}', '{{{field}}}')")
    assert sqlstate == want and message and hint


def test_a_lookup_that_vanishes_takes_its_column_along_and_brings_it_back(org: Org, related: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Contact", {"hide_fields": ["AccountId"]})
    org.create("Contact", {"LastName": "New"})
    poll(related)
    assert parents(related) == [("New", None, False), ("With", "P-1", True), ("Without", None, False)]
    assert one(related, "SELECT state FROM sffdw.mapping WHERE object_name = 'Contact'") == "DATA_SYNCED"
    related.execute("SELECT sffdw.alter_mapping('Contact', poll_interval => '1 minute')")
    org.sandbox.call("PATCH", "/objects/Contact", {"hide_fields": {"AccountId": False}})
    related.execute("SELECT sffdw.refresh_schema()")
    related.execute(f"UPDATE salesforce.contact SET {COLUMN} = 'P-1' WHERE lastname = 'New'")
    write(related)
    poll(related)
    assert parents(related)[0] == ("New", "P-1", True)


def test_an_external_id_that_vanishes_does_not_stop_the_objects_that_show_it(org: Org, related: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"drop_fields": ["External_Id__c"]})
    org.create("Contact", {"LastName": "New"})
    poll(related)
    assert parents(related) == [("New", None, False), ("With", "P-1", True), ("Without", None, False)]
    assert rows(related, "SELECT object_name, field, kind FROM sffdw.schema_events ORDER BY 1") == [
        ("Account", "External_Id__c", "field_removed"), ("Contact", "Account.External_Id__c", "field_removed")]
    related.execute("SELECT sffdw.alter_mapping('Contact', drop_fields => '{Account.External_Id__c}')")
    assert COLUMN not in columns_of(related, "salesforce.contact")


def test_columns_of_an_adopted_table_are_recognised_and_links_go_on(org: Org, related: Session) -> None:
    """By their names, the older form with the object's too; of two lookups that may be meant none is taken."""
    for name, targets in (("Part__c", ["Boss"]), ("Twin__c", ["Left", "Right"])):
        org.sandbox.call("POST", "/objects", {"name": name, "fields": [
            {"name": f"{target}__c", "type": "reference", "referenceTo": ["Account"],
             "relationshipName": f"{target}__r"} for target in targets]})
        related.execute("SELECT sffdw.create_mapping(%s, %s, access => 'read_write')",
                        [name, [f"{targets[0]}__r.External_Id__c"]])
        related.execute(f"ALTER TABLE salesforce.{name} RENAME {targets[0]}__r__external_id__c "
                        "TO account__external_id__c")
    related.execute("DELETE FROM sffdw.connection; UPDATE salesforce._hcmeta SET details = 'opaque'")
    found = rows(related, "SELECT severity, object_name, message FROM sffdw.adopt_schema('salesforce', 'sf') "
                          "WHERE rule_id IN ('RELATIONSHIP_FIELD', 'COLUMN_UNMAPPED') ORDER BY 2")
    assert found == [("pass", "Contact", f'column "{COLUMN}" holds Account.External_Id__c'),
                     ("pass", "Part__c", f'column "{COLUMN}" holds Boss__r.External_Id__c'),
                     ("warning", "Twin__c", f'nobody fills column "{COLUMN}"')]
    related.execute("SELECT sffdw.resume('out')")
    related.execute(f"INSERT INTO salesforce.contact (lastname, {COLUMN}) VALUES ('Child', 'P-1')")
    related.execute(f"INSERT INTO salesforce.part__c ({COLUMN}) VALUES ('P-1')")
    write(related)
    parent = org.sandbox.records("Account")[0]["Id"]
    assert org.sandbox.records("Part__c")[0]["Boss__c"] == parent
    assert {record["LastName"]: record["AccountId"] for record in org.sandbox.records("Contact")} == {
        "With": parent, "Without": None, "Child": parent}
    poll(related)
    assert ("Child", "P-1", True) in parents(related)
