"""Changes to Salesforce: each sent once and in order, and answered on the row and in the trigger log."""

import datetime as dt
import json
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, log, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]


def test_an_insert_gets_its_sfid(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, annualrevenue) VALUES ('Acme', 12)")
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "PENDING"
    write(account)
    record = org.sandbox.records("Account")[0]
    assert (record["Name"], record["AnnualRevenue"]) == ("Acme", 12)
    assert rows(account, "SELECT sfid, _hc_lastop, _hc_err FROM salesforce.account") == [
        (record["Id"], "INSERTED", None)]
    state, result, sfid, processed, updated = log(
        account, "state, sf_result, sfid, (processed_at, processed_tx) IS NOT NULL, updated_at IS NOT NULL")[0]
    assert (state, result, sfid, processed, updated) == ("SUCCESS", 201, record["Id"], True, True)
    assert rows(account, "SELECT * FROM sffdw.write_claim") == []


def test_an_update_sends_only_what_changed(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    org.update("Account", record_id, Name="Acme 2")
    account.execute("UPDATE salesforce.account SET phone = '2'")
    write(account)
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Name"], record["Phone"]) == ("Acme 2", "2")
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "UPDATED"


def test_null_empties_a_field(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1", "AnnualRevenue": 5})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = NULL, annualrevenue = NULL")
    write(account)
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Phone"], record["AnnualRevenue"]) == (None, None)


def test_a_delete_puts_the_record_into_the_recycle_bin(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    account.execute("DELETE FROM salesforce.account")
    write(account)
    assert org.record("Account", record_id) is None
    assert org.record("Account", record_id, "all")["IsDeleted"] is True  # type: ignore[index]
    assert log(account) == [("DELETE", "SUCCESS")]


def test_an_insert_with_a_unique_identifier_is_an_upsert(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "theirs", "External_Id__c": "x"})[0]
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('ours', 'x')")
    write(account)
    assert [(one["Id"], one["Name"]) for one in org.sandbox.records("Account")] == [(record_id, "ours")]
    assert one(account, "SELECT sfid FROM salesforce.account") == record_id


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_a_blank_identifier_is_none(org: Org, account: Session, mode: str) -> None:
    """Salesforce has no blank texts: such a row is plainly created, and the next one too."""
    account.execute("SELECT sffdw.alter_mapping('Account', write_mode => %s)", [mode])
    for name, key in (("one", ""), ("two", "  ")):
        account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES (%s, %s)", [name, key])
        write(account)
    assert org.names() == ["one", "two"]
    poll(account)
    assert rows(account, "SELECT name, external_id__c, sfid IS NOT NULL FROM salesforce.account ORDER BY id") == [
        ("one", None, True), ("two", None, True)]


def test_case_70_fields_that_cannot_be_written_are_left_out(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET createddate = '2001-01-01', systemmodstamp = '2001-01-01'")
    account.execute("UPDATE salesforce.account SET createddate = '2001-01-02', phone = '2'")
    mark = org.last_call()
    write(account)
    assert log(account) == [("UPDATE", "IGNORED"), ("UPDATE", "SUCCESS")]
    assert len(org.calls("collections", mark)) == 1
    assert org.record("Account", record_id)["Phone"] == "2"  # type: ignore[index]


def test_updates_of_a_record_go_one_after_the_other(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    for number in range(5):
        account.execute("UPDATE salesforce.account SET phone = %s", [str(number)])
    mark = org.last_call()
    write(account)
    assert len(org.calls("collections", mark)) == 5
    assert org.record("Account", record_id)["Phone"] == "4"  # type: ignore[index]
    assert log(account) == [("UPDATE", "SUCCESS")] * 5


def test_many_changes_share_requests(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, 450) n")
    mark = org.last_call()
    write(account)
    assert [len(org.calls(kind, mark)) for kind in ("composite", "collections")] == [1, 0]
    assert one(account, "SELECT count(DISTINCT sfid) FROM salesforce.account") == 450
    assert dict(rows(account, "SELECT sfid, name FROM salesforce.account")) == {
        record["Id"]: record["Name"] for record in org.sandbox.records("Account")}


def test_a_rejected_change_says_why(org: Org, account: Session, connect: Any) -> None:
    listener = connect()
    listener.execute('LISTEN "sffdw.notification"')
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('good')")
    write(account)
    assert org.names() == ["good"]
    state, result, message = log(account, "state, sf_result, sf_message")[0]
    assert (state, result) == ("FAILED", 400)
    assert message.startswith("REQUIRED_FIELD_MISSING: ")
    lastop, error = rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account ORDER BY id LIMIT 1")[0]
    assert lastop == "FAILED"
    found = json.loads(error)
    assert (found["code"], found["fields"]) == ("REQUIRED_FIELD_MISSING", ["Name"])
    assert found["entry_id"] == one(account, "SELECT min(id) FROM salesforce._trigger_log")
    assert set(found) == {"code", "message", "fields", "entry_id", "at"}
    assert rows(account, "SELECT status_code, attempt_count FROM sffdw.write_errors") == [("REQUIRED_FIELD_MISSING", 1)]
    assert list(listener.notifies(timeout=5, stop_after=1))
    assert one(account, "SELECT event_type FROM sffdw.notifications") == "write-error"


def test_a_failed_insert_holds_back_only_its_own_record(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    account.execute("UPDATE salesforce.account SET phone = '2'")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('good')")
    write(account)
    assert log(account, "action, state, left(sf_message, 18)") == [
        ("INSERT", "FAILED", "REQUIRED_FIELD_MIS"), ("UPDATE", "FAILED", "NOT_IN_SALESFORCE:"),
        ("INSERT", "SUCCESS", None)]
    account.execute("UPDATE salesforce.account SET name = 'repaired' WHERE phone = '2'")
    write(account)
    assert org.names() == ["good"]
    assert one(account, "SELECT sffdw.retry()") == 3
    write(account)
    assert org.names() == ["good", "repaired"]
    assert one(account, "SELECT bool_and(sfid IS NOT NULL AND _hc_err IS NULL) FROM salesforce.account")


def test_a_change_after_a_dismissed_insert_is_retried_as_a_new_record(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    write(account)
    account.execute("SELECT sffdw.dismiss()")
    account.execute("UPDATE salesforce.account SET name = 'repaired'")
    write(account)
    assert rows(account, "SELECT status_code, remedy LIKE '%sffdw.retry%' FROM sffdw.write_errors") == [
        ("NOT_IN_SALESFORCE", True)]
    account.execute("SELECT sffdw.retry()")
    write(account)
    assert log(account) == [("INSERT", "IGNORED"), ("UPDATE", "REQUEUED"), ("INSERT", "SUCCESS")]
    assert [(record["Name"], record["Phone"]) for record in org.sandbox.records("Account")] == [("repaired", "1")]


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_identifiers_that_differ_by_case_bind_no_two_rows_to_one_record(org: Org, account: Session,
                                                                        together: bool) -> None:
    for name, key in ("first", "x1"), ("second", "X1"), ("third", "y1"):
        account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES (%s, %s)", [name, key])
        if not together:
            write(account)
    write(account)
    assert len(org.names()) == 2
    found = dict(rows(account, "SELECT name, sfid IS NOT NULL FROM salesforce.account"))
    assert (len(found), found["third"], found["first"] + found["second"]) == (3, True, 1)
    assert rows(account, "SELECT status_code FROM sffdw.write_errors") == [("DUPLICATE_VALUE",)]
    poll(account)
    assert one(account, "SELECT count(DISTINCT sfid) FROM salesforce.account") == 2


def test_a_rejected_change_is_sent_again_by_capturing_it_again(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "no"}):
        account.execute("UPDATE salesforce.account SET phone = '2'")
        write(account)
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "FAILED"
    account.execute("SELECT salesforce.hc_capture_update_from_row(hstore(a.*), 'account', ARRAY['phone']) "
                    "FROM salesforce.account a")
    write(account)
    assert org.record("Account", record_id)["Phone"] == "2"  # type: ignore[index]
    assert rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [("UPDATED", None)]


def test_a_change_that_fails_twice_stays_failed_with_the_newer_reason(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "Acme"})
    poll(account)
    for message in ("first", "second"):
        with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": message}):
            account.execute("SELECT salesforce.hc_capture_update_from_row(hstore(a.*), 'account', ARRAY['phone']) "
                            "FROM salesforce.account a")
            write(account)
        assert rows(account, "SELECT _hc_lastop, _hc_err::jsonb ->> 'message' FROM salesforce.account") == [
            ("FAILED", message)]


def test_retry_sends_the_row_as_it_stands(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "too long"}):
        account.execute("UPDATE salesforce.account SET phone = '2'")
        write(account)
    account.execute("UPDATE salesforce.account SET phone = '3'")
    write(account)
    assert one(account, "SELECT sffdw.retry(message_like => 'NOTHING%%')") == 0
    assert one(account, "SELECT sffdw.retry(object_name => 'account', message_like => 'STRING_TOO_LONG%%')") == 1
    write(account)
    assert org.record("Account", record_id)["Phone"] == "3"  # type: ignore[index]
    assert log(account, "state") == [("REQUEUED",), ("SUCCESS",), ("SUCCESS",)]


def test_dismissed_changes_are_not_sent(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    write(account)
    entry = one(account, "SELECT entry_id FROM sffdw.write_errors")
    assert one(account, "SELECT sffdw.dismiss(ARRAY[%s])", entry) == 1
    write(account)
    assert log(account) == [("INSERT", "IGNORED")]
    assert rows(account, "SELECT * FROM sffdw.write_errors") == []


def test_an_update_that_changes_nothing_is_not_sent(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "Acme"})
    poll(account)
    account.execute("UPDATE salesforce.account SET name = name")
    assert log(account) == [("UPDATE", "IGNORE")]
    mark = org.last_call()
    write(account)
    assert org.calls("collections", mark) == []
    assert log(account) == [("UPDATE", "IGNORED")]
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") == "SYNCED"


def test_a_row_inserted_and_deleted_before_it_was_sent_never_leaves(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('short-lived')")
    account.execute("DELETE FROM salesforce.account")
    write(account)
    assert org.sandbox.records("Account", "all") == []
    assert log(account) == [("INSERT", "IGNORED"), ("DELETE", "IGNORED")]


def test_deletes_of_unsent_rows_read_the_log_a_few_times_however_many_they_are(org: Org, account: Session) -> None:
    """Where each read all of it, a long log kept the writer from ever sending between two restarts of the server."""
    account.execute("INSERT INTO salesforce.account (name) SELECT 'gone ' || n FROM generate_series(1, 400) n")
    account.execute("INSERT INTO salesforce.account (name) SELECT 'kept ' || n FROM generate_series(1, 2000) n")
    account.execute("DELETE FROM salesforce.account WHERE name LIKE 'gone%'")
    account.execute("ANALYZE salesforce._trigger_log")
    with account.transaction():
        account.execute("SELECT sffdw.prepare_entries(connection_id) FROM sffdw.connection")
        read = one(account, "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables "
                            "WHERE relid = 'salesforce._trigger_log'::regclass")
    assert read < 20 * 2800
    assert rows(account, "SELECT state, count(*) FROM salesforce._trigger_log GROUP BY 1 ORDER BY 1") == [
        ("IGNORED", 800), ("NEW", 2000)]


def test_a_delete_that_meets_its_insert_on_the_way_is_sent(org: Org, account: Session, connect: Any) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('short-lived')")
    writer, mark = connect(), org.last_call()
    with (org.fault("http.latency", {"ms": 800}, kind="collections", calls="1"),
          background(lambda: write(writer)) as raised):
        wait_for(lambda: org.calls("collections", mark), "the insert is on its way")
        account.execute("DELETE FROM salesforce.account")
        assert log(account) == [("INSERT", "PENDING"), ("DELETE", "IGNORE")]
    assert not raised
    write(account)
    assert log(account) == [("INSERT", "SUCCESS"), ("DELETE", "SUCCESS")]
    assert [record["IsDeleted"] for record in org.sandbox.records("Account", "all")] == [True]
    poll(account)
    assert rows(account, "SELECT * FROM salesforce.account") == []


def test_case_77_a_row_that_carries_an_sfid_is_never_sent_as_a_new_record(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, sfid) VALUES ('restored', '001000000000001AAA')")
    write(account)
    assert org.sandbox.records("Account") == []
    state, message = log(account, "state, sf_message")[0]
    assert state == "IGNORED"
    assert "001000000000001AAA" in message


def test_changes_of_a_read_only_mapping_are_not_sent(org: Org, owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', fields => '{Name}')")
    owner.execute("INSERT INTO salesforce.account (name) VALUES ('local')")
    write(owner)
    assert org.sandbox.records("Account") == []
    assert log(owner) == [("INSERT", "READONLY")]


def test_case_70_a_lost_reply_of_an_upsert_does_not_make_two_records(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('one', 'x'), ('two', 'y')")
    lose_reply(org, account)
    # By its values it would not be found any more.
    record_id = next(record["Id"] for record in org.sandbox.records("Account") if record["Name"] == "two")
    org.update("Account", record_id, Name="two, by somebody")
    for _ in range(3):
        account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
        write(account)
    assert org.names() == ["one", "two"]
    assert log(account) == [("INSERT", "SUCCESS")] * 2
    assert one(account, "SELECT sfid FROM salesforce.account WHERE name = 'two'") == record_id
    assert one(account, "SELECT count(sfid) FROM salesforce.account") == 2


def test_case_70_a_lost_reply_of_a_create_is_settled_by_asking(org: Org, contact: Session) -> None:
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname, birthdate) "
                    "VALUES ('equal', '1990-01-02'), ('equal', '1990-01-02'), (' trimmed ', NULL)")
    with org.fault("reply.lost", kind="collections", calls="1"):
        write(contact)
    write(contact)
    assert org.names("Contact", "LastName") == ["equal", "equal", "trimmed"]
    assert log(contact) == [("INSERT", "SUCCESS")] * 3
    assert one(contact, "SELECT count(DISTINCT sfid) FROM salesforce.contact") == 3


def lose_reply(org: Org, session: Session) -> None:
    """What is queued is sent, its answer is lost, and Salesforce is not asked yet."""
    batch = one(session, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    with org.fault("reply.lost", kind="collections", calls="1"):
        session.execute("SELECT sffdw.send_batch(connection_id, %s) FROM sffdw.connection", [batch])
    assert {state for _, state in log(session)} == {"PENDING"}


def test_case_70_a_created_record_that_was_changed_before_asking_is_not_made_twice(org: Org, contact: Session) -> None:
    poll(contact)
    set_options(contact, in_doubt_wait_s=1)
    contact.execute("INSERT INTO salesforce.contact (lastname, phone) VALUES ('altered', '1'), ('kept', '2')")
    lose_reply(org, contact)
    altered = next(one for one in org.sandbox.records("Contact") if one["LastName"] == "altered")
    org.advance(5)
    org.update("Contact", altered["Id"], Phone="somebody's")
    contact.execute("UPDATE sffdw.write_claim SET claimed_at = claimed_at - interval '1 minute', next_try_at = NULL")
    write(contact)
    assert org.names("Contact", "LastName") == ["altered", "kept"]
    assert one(contact, "SELECT sfid FROM salesforce.contact WHERE lastname = 'altered'") == altered["Id"]
    assert log(contact) == [("INSERT", "SUCCESS")] * 2


def test_case_70_an_upserted_record_that_was_deleted_before_asking_is_not_made_again(
        org: Org, account: Session) -> None:
    poll(account)
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('gone', 'x')")
    lose_reply(org, account)
    org.act("delete", "Account", org.sandbox.records("Account")[0]["Id"])
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(account)
    assert org.names() == []
    assert log(account) == [("INSERT", "SUCCESS")]
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account") == 0


def test_case_70_a_create_that_never_arrived_is_sent_again_after_the_wait(org: Org, contact: Session) -> None:
    """Its twin in Salesforce, made by the same user just before, is another row's record."""
    contact.execute("INSERT INTO salesforce_live.contact (lastname) VALUES ('slow')")
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('slow')")
    claimed = one(contact, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    assert claimed is not None
    contact.execute("UPDATE sffdw.write_claim SET claimant_start = claimant_start - interval '1 day', claimant_pid = 1")
    write(contact)
    assert log(contact) == [("INSERT", "PENDING")]
    assert org.names("Contact", "LastName") == ["slow"]
    contact.execute("UPDATE sffdw.write_claim SET claimed_at = claimed_at - interval '1 hour', next_try_at = NULL")
    write(contact)
    assert org.names("Contact", "LastName") == ["slow", "slow"]
    assert log(contact) == [("INSERT", "SUCCESS")]
    assert one(contact, "SELECT count(DISTINCT sfid) FROM salesforce.contact") == 2


@pytest.mark.parametrize(("operation", "sent_again"), [("UPDATE", 0), ("DELETE", 0)])
def test_case_70_a_lost_reply_of_a_change_is_settled_by_asking(
        org: Org, account: Session, operation: str, sent_again: int) -> None:
    org.create("Account", {"Name": "Acme", "Phone": "1"})
    poll(account)
    account.execute("DELETE FROM salesforce.account" if operation == "DELETE" else
                    "UPDATE salesforce.account SET phone = '2', annualrevenue = 5")
    with org.fault("reply.lost", kind="collections", calls="1"):
        write(account)
    mark = org.last_call()
    write(account)
    assert log(account) == [(operation, "SUCCESS")]
    assert len(org.calls("collections", mark)) == sent_again


@pytest.mark.parametrize(("is_done", "state"), [(True, "SUCCESS"), (False, "FAILED")])
def test_a_change_whose_record_was_deleted_before_asking_is_accepted_if_it_was_made(
        org: Org, account: Session, is_done: bool, state: str) -> None:
    record_id = org.create("Account", {"Name": "Acme", "Phone": "1"})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    assert one(account, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection") is not None
    account.execute("UPDATE sffdw.write_claim SET claimant_start = claimant_start - interval '1 day', claimant_pid = 1")
    if is_done:
        org.update("Account", record_id, Phone="2")
    org.act("delete", "Account", record_id)
    write(account)
    write(account)
    assert log(account) == [("UPDATE", state)]


def test_a_change_claimed_by_a_dead_session_is_settled(org: Org, account: Session, connect: Any) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    dead = connect()
    assert one(dead, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection") is not None
    write(account)
    assert log(account) == [("UPDATE", "PENDING")], "its session is alive"
    pid = dead.info.backend_pid
    dead.close()
    wait_for(lambda: not rows(account, "SELECT FROM pg_stat_activity WHERE pid = %s", pid), "the session is gone")
    write(account)
    write(account)
    assert log(account) == [("UPDATE", "SUCCESS")]
    assert org.record("Account", record_id)["Phone"] == "2"  # type: ignore[index]


def test_case_69_a_locked_record_is_tried_again(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '2'")
    with org.fault("row.locked", kind="collections", calls="1-2"):
        write(account)
        assert log(account) == [("UPDATE", "NEW")]
        assert one(account, "SELECT phase FROM sffdw.write_claim") == "waiting"
        account.execute("CALL sffdw.write(max_duration => '6 seconds')")
    assert log(account) == [("UPDATE", "SUCCESS")]
    assert org.record("Account", record_id)["Phone"] == "2"  # type: ignore[index]


def test_an_unavailable_org_keeps_changes_queued(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('later')")
    with org.fault("http.status", {"status": 503}, kind="collections"):
        write(account)
        assert one(account, "SELECT state FROM salesforce._trigger_log") in ("NEW", "PENDING")
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL, claimed_at = claimed_at - interval '1 hour'")
    write(account)
    assert org.names() == ["later"]
    assert log(account) == [("INSERT", "SUCCESS")]


def test_a_row_that_an_app_holds_is_settled_when_it_lets_go(org: Org, account: Session, app: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('held'), ('free')")
    app.execute("SELECT FROM salesforce.account WHERE name = 'held' FOR UPDATE")
    set_options(account, write_batch_size=200)
    with background(lambda: write(account)) as raised:
        wait_for(lambda: one(app, "SELECT sfid IS NOT NULL FROM salesforce.account WHERE name = 'free'"),
                 "free is settled")
        assert log(app) == [("INSERT", "PENDING"), ("INSERT", "SUCCESS")]
        app.commit()
    assert not raised
    assert log(account) == [("INSERT", "SUCCESS")] * 2
    assert one(account, "SELECT count(sfid) FROM salesforce.account") == 2


def test_an_identifier_goes_to_another_record_in_order(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "old", "External_Id__c": "x"})
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '1'")
    account.execute("DELETE FROM salesforce.account")
    account.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('new', 'x')")
    write(account)
    assert org.names() == ["new"]
    assert log(account, "state") == [("SUCCESS",)] * 3


def test_a_parent_is_not_deleted_before_its_child_has_left_it(org: Org, account: Session, contact: Session) -> None:
    old, new = org.create("Account", {"Name": "old"}, {"Name": "new"})
    child = org.create("Contact", {"LastName": "child", "AccountId": old})[0]
    poll(account)
    contact.execute("UPDATE salesforce.contact SET firstname = 'first'")
    contact.execute("UPDATE salesforce.contact SET accountid = %s", [new])
    contact.execute("DELETE FROM salesforce.account WHERE sfid = %s", [old])
    with org.fault("row.locked", kind="collections", object="Contact", calls="1"):
        write(contact)
        assert org.record("Account", old) is not None
        contact.execute("CALL sffdw.write(max_duration => '4 seconds')")
    assert org.record("Contact", child)["AccountId"] == new  # type: ignore[index]
    assert org.record("Account", old) is None


def test_times_are_sent_as_utc_whatever_the_session_says(org: Org, owner: Session, connect: Any) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "Seen_At__c", "type": "datetime"}, {"name": "Opens__c", "type": "time"},
        {"name": "Amount__c", "type": "currency", "precision": 18, "scale": 2}, {"name": "Day__c", "type": "date"},
        {"name": "Open__c", "type": "boolean"}]})
    owner.execute("SELECT sffdw.create_mapping('Account', access => 'read_write', types => 'precise', "
                  "fields => '{Name,Seen_At__c,Opens__c,Amount__c,Day__c,Open__c}')")
    session = connect()
    session.execute("SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'; SET extra_float_digits = 0")
    session.execute("INSERT INTO salesforce.account (name, seen_at__c, opens__c, amount__c, day__c, open__c) VALUES "
                    "('a', '2026-02-03 12:00:00+02', '08:30', 123456789012345.67, DATE '2026-02-03', true)")
    write(session)
    record = org.sandbox.records("Account")[0]
    assert dt.datetime.fromisoformat(record["Seen_At__c"]) == dt.datetime(2026, 2, 3, 10, tzinfo=dt.UTC)
    assert (str(record["Opens__c"])[:5], record["Day__c"], record["Open__c"]) == ("08:30", "2026-02-03", True)
    assert log(session, "values")[0][0].count("123456789012345.67") == 1
    poll(session)
    assert rows(session, "SELECT seen_at__c AT TIME ZONE 'UTC', amount__c::text FROM salesforce.account") == [
        (dt.datetime(2026, 2, 3, 10), "123456789012345.67")]


def test_case_33_a_value_that_is_no_number_is_refused_with_a_reason(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name, annualrevenue) VALUES ('n', 'NaN'), ('good', 1)")
    write(account)
    assert org.names() == ["good"]
    assert log(account, "state, left(sf_message, 13)") == [("FAILED", "INVALID_VALUE"), ("SUCCESS", None)]


def test_writes_can_be_paused(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.pause('out')")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('later')")
    write(account)
    assert org.sandbox.records("Account") == []
    assert log(account) == [("INSERT", "NEW")]
    account.execute("SELECT sffdw.resume('out')")
    write(account)
    assert org.names() == ["later"]


def test_a_row_trigger_that_refuses_the_result_does_not_lose_it(org: Org, account: Session) -> None:
    account.execute("""
        CREATE FUNCTION salesforce.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'not this one';
        END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON salesforce.account FOR EACH ROW
        WHEN (OLD.name = 'stubborn' AND NEW.sfid IS NOT NULL) EXECUTE FUNCTION salesforce.refuse()""")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('stubborn'), ('willing')")
    write(account)
    assert log(account) == [("INSERT", "SUCCESS")] * 2
    assert rows(account, "SELECT sfid IS NOT NULL FROM salesforce.account ORDER BY name") == [(False,), (True,)]
    assert one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'WRITE BACK ERROR'") == 1
    account.execute("DROP TRIGGER refuse ON salesforce.account")
    poll(account)
    assert rows(account, "SELECT name, sfid IS NOT NULL FROM salesforce.account ORDER BY name") == [
        ("stubborn", True), ("willing", True)]


def test_what_a_dropped_table_left_unsent_concerns_no_row_of_the_new_one(org: Org, contact: Session) -> None:
    org.create("Contact", {"LastName": "theirs", "Phone": "1"})
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('ours')")
    contact.execute("UPDATE salesforce.contact SET phone = '2'")
    contact.execute("SELECT sffdw.drop_mapping('Contact', drop_table => true)")
    contact.execute("SELECT sffdw.create_mapping('Contact', '{LastName,Phone}', access => 'read_write')")
    poll(contact)
    write(contact)
    poll(contact)
    assert rows(contact, "SELECT lastname, phone FROM salesforce.contact ORDER BY 1") == [
        ("ours", "2"), ("theirs", "1")]
    assert log(contact, "state") == [("SUCCESS",), ("SUCCESS",)]


def test_case_70_what_is_not_found_takes_no_record_that_another_doubt_accounts_for(org: Org, account: Session) -> None:
    """All but the first of the rows in doubt are in Salesforce, much alike; that one is asked about alone at first."""
    columns, values = "(name, phone, annualrevenue)", "'A ' || n, '1', 2"
    account.execute(f"INSERT INTO salesforce.account {columns} SELECT {values} FROM generate_series(1, 3) n")
    assert one(account, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection") is not None
    account.execute(f"INSERT INTO salesforce_live.account {columns} SELECT {values} FROM generate_series(2, 3) n")
    account.execute("UPDATE sffdw.write_claim SET phase = 'doubtful', claimed_at = claimed_at - interval '1 hour', "
                    "next_try_at = CASE WHEN entry_id > (SELECT min(entry_id) FROM sffdw.write_claim) "
                    "THEN now() + interval '1 hour' END")
    write(account)
    assert log(account) == [("INSERT", "PENDING")] * 3
    for _ in range(2):
        account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
        write(account)
    assert {state for _, state in log(account)} == {"SUCCESS"}
    assert sorted(rows(account, "SELECT sfid, name FROM salesforce.account")) == sorted(
        (record["Id"], record["Name"]) for record in org.sandbox.records("Account"))
