"""D6: what is not yet sent is never overwritten, whoever is at work at the same time. Two real connections each."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, log, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]


@pytest.fixture
def record_id(org: Org, account: Session) -> str:
    record_id = org.create("Account", {"Name": "first", "Phone": "1", "Description": "d"})[0]
    poll(account)
    return record_id


ROW = "SELECT name, phone, description FROM salesforce.account"


def test_an_unsent_column_keeps_its_value_and_the_others_arrive(org: Org, account: Session, record_id: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    org.update("Account", record_id, Phone="theirs", Description="new")
    poll(account)
    assert rows(account, ROW) == [("first", "ours", "new")]
    write(account)
    poll(account)
    assert rows(account, ROW) == [("first", "ours", "new")]
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Phone"], record["Description"]) == ("ours", "new")


def test_a_locally_deleted_row_does_not_come_back(org: Org, account: Session, record_id: str) -> None:
    account.execute("DELETE FROM salesforce.account")
    org.update("Account", record_id, Phone="theirs")
    poll(account)
    assert rows(account, ROW) == []
    write(account)
    poll(account)
    assert rows(account, ROW) == []
    assert org.record("Account", record_id) is None


def test_case_70_a_row_deleted_in_the_org_waits_for_the_local_change(
        org: Org, account: Session, record_id: str) -> None:
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    org.act("delete", "Account", record_id)
    poll(account)
    assert rows(account, ROW) == [("first", "ours", "d")]
    assert rows(account, "SELECT sfid, reason FROM sffdw.deferred_row") == [(record_id, "deleted")]
    write(account)
    assert log(account) == [("UPDATE", "FAILED")]
    poll(account)
    assert rows(account, ROW) == []
    assert rows(account, "SELECT * FROM sffdw.deferred_row") == []


def test_a_row_that_an_app_holds_is_not_waited_for(org: Org, account: Session, app: Session, record_id: str) -> None:
    other = org.create("Account", {"Name": "second"})[0]
    app.execute("UPDATE salesforce.account SET phone = 'ours'")
    org.update("Account", record_id, Phone="theirs", Description="new")
    account.execute("SET statement_timeout = '10s'")
    poll(account)
    assert rows(account, "SELECT sfid FROM salesforce.account ORDER BY id DESC LIMIT 1") == [(other,)]
    assert rows(account, "SELECT sfid, reason FROM sffdw.deferred_row") == [(record_id, "locked")]
    app.commit()
    poll(account)
    assert rows(account, ROW + " WHERE name = 'first'") == [("first", "ours", "new")]
    assert rows(account, "SELECT * FROM sffdw.deferred_row") == []


def test_a_value_written_between_reading_and_merging_stays(
        org: Org, account: Session, app: Session, record_id: str, connect: Any) -> None:
    org.update("Account", record_id, Phone="theirs", Description="new")
    poller = connect()
    mark = org.last_call()
    with org.fault("http.latency", {"ms": 800}, kind="query"), background(lambda: poll(poller)) as raised:
        # The answer has been made and is on its way.
        wait_for(lambda: org.calls("query", mark), "the page is asked for")
        app.execute("UPDATE salesforce.account SET phone = 'ours'")
        app.commit()
    assert not raised
    assert rows(account, ROW) == [("first", "ours", "new")]


def test_case_65_a_page_read_before_our_write_does_not_bring_the_old_value_back(
        org: Org, account: Session, record_id: str, connect: Any) -> None:
    org.update("Account", record_id, Description="new")
    poller, mark = connect(), org.last_call()
    with org.fault("http.latency", {"ms": 1500}, kind="query", calls="1"), background(lambda: poll(poller)) as raised:
        wait_for(lambda: org.calls("query", mark), "the page is asked for")
        account.execute("UPDATE salesforce.account SET phone = 'ours'")
        write(account)
        assert log(account) == [("UPDATE", "SUCCESS")]
    assert not raised
    assert rows(account, ROW) == [("first", "ours", "new")]
    poll(account)
    assert rows(account, ROW) == [("first", "ours", "new")]


def test_case_67_the_record_of_an_insert_in_flight_is_adopted_by_its_identifier(
        org: Org, account: Session, connect: Any) -> None:
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('new', 'x')")
    row_id = one(account, "SELECT id FROM salesforce.account")
    writer, mark = connect(), org.last_call()
    with org.fault("http.latency", {"ms": 1500}, kind="collections"), background(lambda: write(writer)) as raised:
        wait_for(lambda: org.calls("collections", mark), "the record is made, the answer on its way")
        poll(account)
        sfid = org.sandbox.records("Account")[0]["Id"]
        assert rows(account, "SELECT id, sfid FROM salesforce.account") == [(row_id, sfid)]
    assert not raised
    assert rows(account, "SELECT id, sfid FROM salesforce.account") == [(row_id, sfid)]


def test_case_67_without_an_identifier_the_poll_leaves_the_record_to_the_writer(
        org: Org, contact: Session, connect: Any) -> None:
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('new')")
    row_id = one(contact, "SELECT id FROM salesforce.contact")
    writer, mark = connect(), org.last_call()
    with org.fault("http.latency", {"ms": 1500}, kind="collections"), background(lambda: write(writer)) as raised:
        wait_for(lambda: org.calls("collections", mark), "the record is made, the answer on its way")
        poll(contact)
        assert rows(contact, "SELECT id, sfid FROM salesforce.contact") == [(row_id, None)]
    assert not raised
    poll(contact)
    sfid = org.sandbox.records("Contact")[0]["Id"]
    assert rows(contact, "SELECT id, sfid, lastname FROM salesforce.contact") == [(row_id, sfid, "new")]
    assert rows(contact, "SELECT * FROM sffdw.deferred_row") == []


def test_case_68_our_own_write_comes_back_without_changing_a_value(org: Org, account: Session, record_id: str) -> None:
    account.execute("CREATE TABLE salesforce.fired (at timestamptz DEFAULT now());"
                    "CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN INSERT INTO salesforce.fired DEFAULT VALUES; RETURN NULL; END $$;"
                    "CREATE TRIGGER note AFTER UPDATE ON salesforce.account FOR EACH ROW "
                    "WHEN ((OLD.name, OLD.phone, OLD.description) "
                    "IS DISTINCT FROM (NEW.name, NEW.phone, NEW.description)) "
                    "EXECUTE FUNCTION salesforce.note()")
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    write(account)
    poll(account)
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.fired") == 1
    assert log(account) == [("UPDATE", "SUCCESS")]


def test_a_rejected_value_stays_until_the_record_changes_in_the_org(org: Org, account: Session, record_id: str) -> None:
    with org.fault("dml.error", {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no"}):
        account.execute("UPDATE salesforce.account SET phone = 'ours'")
        write(account)
    poll(account)
    assert rows(account, ROW) == [("first", "ours", "d")]
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "FAILED"
    org.advance(2)
    org.update("Account", record_id, Description="new")
    poll(account)
    assert rows(account, ROW) == [("first", "1", "new")]
    assert rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [("SYNCED", None)]


def test_a_load_does_not_deadlock_with_an_app(org: Org, account: Session, app: Session, connect: Any) -> None:
    ids = org.create("Account", {"Name": "a"}, {"Name": "b"})
    poll(account)
    for record in ids:
        org.update("Account", record, Phone="theirs")
    app.execute("UPDATE salesforce.account SET phone = 'ours' WHERE name = 'b'")
    poller = connect()
    with background(lambda: poll(poller)) as raised:
        wait_for(lambda: one(account, "SELECT phone = 'theirs' FROM salesforce.account WHERE name = 'a'"), "a arrives")
    assert not raised
    app.execute("UPDATE salesforce.account SET phone = 'ours' WHERE name = 'a'")
    app.commit()
    assert rows(account, "SELECT phone FROM salesforce.account ORDER BY name") == [("ours",), ("ours",)]


def test_case_17_identifiers_that_wander_are_merged_together_whatever_the_pauses(org: Org,
                                                                                account: Session) -> None:
    ids = org.create("Account", *[{"Name": f"w{number}", "External_Id__c": f"w{number}"} for number in range(3)])
    poll(account)
    set_options(account, page_size=1, sweep_window_s=0)
    org.sandbox.change(*[{"op": "update", "object": "Account", "id": record_id, "values": {"External_Id__c": None}}
                         for record_id in ids])
    for number, record_id in enumerate(ids):
        org.update("Account", record_id, External_Id__c=f"w{(number + 1) % 3}")
    # Two of the three were refused before and are not due for hours.
    account.execute("INSERT INTO sffdw.deferred_record (mapping_id, sfid, reason, tried_at, attempts) "
                    "SELECT mapping_id, i, 'refused', now() - interval '1 minute', 12 "
                    "FROM sffdw.mapping, unnest(%s::text[]) i",
                    [ids[:2]])
    account.execute("UPDATE sffdw.mapping SET next_poll_at = now()")
    poll(account, force=False)
    assert rows(account, "SELECT name, external_id__c FROM salesforce.account ORDER BY name") == [
        ("w0", "w1"), ("w1", "w2"), ("w2", "w0")]
    assert one(account, "SELECT count(*) FROM sffdw.deferred_row") == 0
