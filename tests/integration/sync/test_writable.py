"""What of a change may be written: the fields that the mapping lets through, and what Salesforce still has."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, write

Session = psycopg.Connection[Any]


@pytest.fixture
def record_id(org: Org, account: Session) -> str:
    """The one account of both sides."""
    found, = org.create("Account", {"Name": "Acme", "Phone": "1", "Description": "theirs"})
    poll(account)
    return found


def test_only_writable_fields_are_sent_and_the_others_take_the_orgs_values_again(
        org: Org, account: Session, record_id: str) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', writable_fields => '{Phone}')")
    account.execute("UPDATE salesforce.account SET name = 'local'")
    account.execute("UPDATE salesforce.account SET name = 'local too', phone = '2'")
    account.execute("INSERT INTO salesforce.account (name, phone, external_id__c) VALUES ('new', '3', 'x')")
    write(account)
    assert log(account, "action, state, sf_message")[:2] == [
        ("UPDATE", "IGNORED", "no field that may be written has changed"), ("UPDATE", "SUCCESS", None)]
    # What is not sent is not protected: the org's value comes back with the record's next change.
    poll(account)
    record = org.record("Account", record_id)
    assert record is not None and (record["Name"], record["Phone"]) == ("Acme", "2")
    assert rows(account, "SELECT name, phone, _hc_lastop FROM salesforce.account WHERE sfid = %s", record_id) == [
        ("Acme", "2", "SYNCED")]
    # An insert is made of the writable fields and the unique identifier alone.
    assert log(account, "action, state, left(sf_message, 22)")[2] == ("INSERT", "FAILED", "REQUIRED_FIELD_MISSING")
    account.execute("SELECT sffdw.alter_mapping('Account', writable_fields => '{*}')")
    account.execute("UPDATE salesforce.account SET name = 'sent' WHERE sfid = %s", [record_id])
    write(account)
    assert "sent" in org.names()


def test_a_write_that_names_a_vanished_field_fails_whole_and_the_records_other_writes_go_on(
        org: Org, account: Session, record_id: str) -> None:
    account.execute("UPDATE sffdw.schema_check SET next_at = now() + interval '8 minutes'")
    other, = org.create("Account", {"Name": "other"})
    poll(account)
    account.execute("UPDATE sffdw.schema_check SET next_at = now() + interval '8 minutes'")
    org.sandbox.call("PATCH", "/objects/Account", {"drop_fields": ["Description"]})
    account.execute("UPDATE salesforce.account SET description = 'lost', phone = 'lost' WHERE sfid = %s",
                    [record_id])
    account.execute("UPDATE salesforce.account SET phone = '2' WHERE sfid = %s", [record_id])
    account.execute("UPDATE salesforce.account SET phone = '3' WHERE sfid = %s", [other])
    write(account)
    assert log(account) == [("UPDATE", "FAILED"), ("UPDATE", "SUCCESS"), ("UPDATE", "SUCCESS")]
    assert {record["Name"]: record["Phone"] for record in org.sandbox.records("Account")} == {"Acme": "2", "other": "3"}
    code, remedy = rows(account, "SELECT status_code, remedy FROM sffdw.write_errors")[0]
    assert code == "INVALID_FIELD" and "drop_fields" in remedy
    # By the next poll the field is known to be gone: nothing fails for it any more.
    poll(account)
    account.execute("UPDATE salesforce.account SET description = 'kept here', phone = '4' WHERE sfid = %s",
                    [record_id])
    write(account)
    assert log(account)[-1] == ("UPDATE", "SUCCESS")
    assert one(account, "SELECT description FROM salesforce.account WHERE sfid = %s", record_id) == "kept here"
