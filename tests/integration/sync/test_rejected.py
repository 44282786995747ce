"""What becomes of local rows whose change Salesforce has rejected, by rejected_policy."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]

STATE = "SELECT name, phone, _hc_lastop, (_hc_err::json ->> 'code') FROM salesforce.account ORDER BY id"
REJECTION = {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "not this one", "every": 1}


@pytest.fixture
def record_id(org: Org, account: Session) -> str:
    record_id = org.create("Account", {"Name": "first", "Phone": "base"})[0]
    poll(account)
    return record_id


def set_policy(session: Session, policy: str) -> None:
    session.execute("SELECT sffdw.alter_mapping('Account', rejected_policy => %s)", [policy])


def reject(org: Org, session: Session, statement: str) -> None:
    session.execute(statement)
    with org.fault("dml.error", REJECTION):
        write(session)


def check_reason(session: Session) -> None:
    """_hc_err is the documented JSON, and the entry says the same."""
    reason = json.loads(one(session, "SELECT _hc_err FROM salesforce.account"))
    assert sorted(reason) == ["at", "code", "entry_id", "fields", "message"]
    assert (reason["code"], reason["message"], reason["fields"]) == (REJECTION["code"], "not this one", [])
    assert one(session, "SELECT sf_message FROM salesforce._trigger_log WHERE id = %s", reason["entry_id"]) == (
        f"{REJECTION['code']}: not this one")


def test_a_rejected_update_is_kept_or_taken_back_by_policy(org: Org, account: Session, record_id: str) -> None:
    for policy, phone in (("keep", "ours"), ("restore", "base")):
        set_policy(account, policy)
        reject(org, account, "UPDATE salesforce.account SET phone = 'ours'")
        want = ("first", phone, "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
        assert rows(account, STATE) == [want], policy
        check_reason(account)
        poll(account)
        assert rows(account, STATE) == [want], "the reason stays while the record stays"
        org.advance(1)  # stamps are whole seconds
        org.update("Account", record_id, Description=policy)
        poll(account)
        assert rows(account, STATE) == [("first", "base", "SYNCED", None)]
    assert log(account) == [("UPDATE", "FAILED")] * 2
    assert org.record("Account", record_id)["Phone"] == "base"  # type: ignore[index]


def test_taking_back_does_not_overwrite_a_younger_unsent_change(org: Org, account: Session, record_id: str) -> None:
    reject(org, account, "UPDATE salesforce.account SET phone = 'ours', name = 'wrong'")
    set_policy(account, "restore")
    account.execute("SELECT sffdw.ask_restores(c, m, ARRAY(SELECT id FROM salesforce._trigger_log)) "
                    "FROM sffdw.connection c JOIN sffdw.mapping m USING (connection_id)")
    account.execute("SELECT sffdw.pause('out')")
    account.execute("UPDATE salesforce.account SET phone = 'younger'")
    write(account)
    assert rows(account, "SELECT name, phone FROM salesforce.account") == [("first", "younger")]
    account.execute("SELECT sffdw.resume('out')")
    write(account)
    assert org.record("Account", record_id)["Phone"] == "younger"  # type: ignore[index]


def test_the_row_of_a_rejected_delete_comes_back_with_its_id_and_that_of_an_insert_stays(
        org: Org, account: Session, record_id: str) -> None:
    local_id = one(account, "SELECT id FROM salesforce.account")
    set_policy(account, "restore")
    reject(org, account, "DELETE FROM salesforce.account")
    assert rows(account, "SELECT id, sfid FROM salesforce.account") == [(local_id, record_id)]
    assert rows(account, STATE) == [("first", "base", "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    account.execute("DELETE FROM salesforce.account")
    write(account)
    poll(account)
    assert rows(account, STATE) == []
    assert org.record("Account", record_id) is None
    reject(org, account, "INSERT INTO salesforce.account (name) VALUES ('new')")
    assert rows(account, STATE) == [("new", None, "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    assert one(account, "SELECT count(*) FROM sffdw.row_restore WHERE action = 'INSERT'") == 0


def test_a_record_that_cannot_be_read_now_is_taken_back_later(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "restore")
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    with org.fault("dml.error", REJECTION), org.fault("query.timeout", kind="query"):
        write(account)
    assert one(account, "SELECT phone FROM salesforce.account") == "ours"
    assert one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'RESTORE ERROR'") == 1
    account.execute("UPDATE sffdw.row_restore SET next_try_at = NULL")
    account.execute("SELECT sffdw.pause('in')")
    write(account)
    assert one(account, "SELECT phone FROM salesforce.account") == "ours", "reading is paused"
    account.execute("SELECT sffdw.resume('in')")
    write(account)
    assert rows(account, STATE) == [("first", "base", "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]


# What Salesforce may answer to a write, and what an entry may fail with here.
CODES = [
    "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_FIELD",
    "INVALID_TYPE", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_INTEGRITY_EXCEPTION",
    "FIELD_FILTER_VALIDATION_EXCEPTION", "NUMBER_OUTSIDE_VALID_RANGE", "INVALID_EMAIL_ADDRESS",
    "INVALID_TYPE_ON_FIELD_IN_RECORD", "JSON_PARSER_ERROR",
    "INVALID_FIELD_FOR_INSERT_UPDATE", "DUPLICATE_VALUE", "DUPLICATES_DETECTED", "UNABLE_TO_LOCK_ROW",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "DELETE_FAILED", "MISSING_ARGUMENT", "INVALID_ID_FIELD",
    "TXN_SECURITY_METERING_ERROR", "ENTITY_IS_DELETED", "NOT_FOUND", "REQUEST_LIMIT_EXCEEDED", "API_DISABLED_FOR_ORG",
    "API_CURRENTLY_DISABLED", "INSUFFICIENT_ACCESS_OR_READONLY", "FUNCTIONALITY_NOT_ENABLED", "INVALID_OPERATION",
    "UNKNOWN_EXCEPTION", "APEX_ERROR", "SERVER_UNAVAILABLE", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED",
    "INACTIVE_OWNER_OR_USER", "STORAGE_LIMIT_EXCEEDED", "NOT_MAPPED", "NOT_IN_SALESFORCE", "INVALID_VALUE",
    "UNREADABLE_ENTRY",
]


def test_every_code_has_a_remedy_of_its_own(database: Session) -> None:
    general = one(database, "SELECT sffdw.find_remedy('SOMETHING_NEW')")
    assert general == one(database, "SELECT sffdw.find_remedy(NULL)")
    found = dict(rows(database, "SELECT c, sffdw.find_remedy(c) FROM unnest(%s::text[]) c", CODES))
    assert [code for code in CODES if found[code] == general or not found[code].endswith(".")] == []


def test_a_missing_record_is_not_taken_for_a_missing_field(database: Session) -> None:
    field = one(database, "SELECT sffdw.find_remedy('INVALID_FIELD')")
    assert one(database, "SELECT sffdw.find_remedy('INVALID_FIELD', 'No such column ''x'' on sobject A')") == field
    record = "SELECT sffdw.find_remedy('INVALID_FIELD', 'Foreign key external ID: 1 not found for field F in entity A')"
    assert "external id" in one(database, record)


def test_an_entry_that_nobody_can_read_stops_neither_writes_nor_polls(org: Org, account: Session) -> None:
    """One whose values somebody has spoiled; what he has written by himself, but well, is sent."""
    known, = org.create("Account", {"Name": "Known"})
    poll(account)
    account.execute("INSERT INTO salesforce.account (name) VALUES ('Spoiled'), ('Other')")
    account.execute("UPDATE salesforce._trigger_log SET \"values\" = '{\"name\": 1}' WHERE record_id = 2")
    account.execute("INSERT INTO salesforce._trigger_log (state, action, table_name, sfid, \"values\") "
                    "VALUES ('NEW', 'UPDATE', 'account', %s, '\"phone\"=>\"1\"')", [known])
    write(account)
    org.update("Account", known, Name="Polled")
    poll(account)
    assert org.names() == ["Other", "Polled"]
    assert rows(account, "SELECT name, phone, _hc_lastop FROM salesforce.account ORDER BY id") == [
        ("Polled", "1", "SYNCED"), ("Spoiled", None, "FAILED"), ("Other", None, "SYNCED")]
    assert rows(account, "SELECT record_id, status_code, message FROM sffdw.write_errors") == [
        (2, "UNREADABLE_ENTRY", 'its values are no hstore: {"name": 1}')]
    account.execute("SELECT sffdw.retry()")
    write(account)
    assert org.names() == ["Other", "Polled", "Spoiled"]


def test_a_poll_that_meets_an_unreadable_entry_first_has_it_rejected(org: Org, account: Session) -> None:
    known, = org.create("Account", {"Name": "Known"})
    poll(account)
    account.execute("SELECT sffdw.pause('out')")
    account.execute("UPDATE salesforce.account SET phone = '1'")
    account.execute("UPDATE salesforce._trigger_log SET old = '=>'")
    org.update("Account", known, Name="Polled")
    with pytest.raises(psycopg.Error, match=r"hstore|string|near"):
        poll(account)
    poll(account)
    assert one(account, "SELECT name FROM salesforce.account") == "Polled"


def test_entries_of_a_table_that_is_gone_hinder_no_retry(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.create_mapping('Contact', '{LastName}', access => 'read_write')")
    with org.fault("dml.error", REJECTION):
        account.execute("INSERT INTO salesforce.contact (lastname) VALUES ('gone');"
                        "INSERT INTO salesforce.account (name) VALUES ('stays')")
        write(account)
    account.execute("SELECT sffdw.drop_mapping('Contact', drop_table => true)")
    assert one(account, "SELECT sffdw.retry()") == 1
    write(account)
    assert org.names() == ["stays"]
    assert rows(account, "SELECT table_name FROM sffdw.write_errors") == [("contact",)]
    assert one(account, "SELECT sffdw.dismiss()") == 1


def test_many_rejections_are_one_notification_with_their_number(org: Org, account: Session) -> None:
    set_options(account, write_batch_size=40)
    account.execute("LISTEN \"sffdw.notification\"")
    account.execute("INSERT INTO salesforce.account (name) SELECT 'n' || i FROM generate_series(1, 100) i")
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "100 % too long", "every": 1}):
        write(account)
        found = "SELECT message FROM sffdw.notifications WHERE event_type = 'write-error'"
        message = "changes of account rejected: {} (STRING_TOO_LONG: 100 % too long)"
        assert rows(account, found) == [(message.format(100),)]
        account.execute("UPDATE sffdw.notification SET acknowledged_at = now()")
        account.execute("UPDATE salesforce.account SET phone = '1' WHERE name <= 'n2'")
        assert one(account, "SELECT sffdw.retry(message_like => 'NOT%%')") == 0
        assert one(account, "SELECT sffdw.retry()") == 100
        write(account)
    assert len(rows(account, found)) >= 2, "what happens after that is told of anew"
    assert len(list(account.notifies(timeout=0.1))) == len(rows(account, "SELECT FROM sffdw.notifications"))


def test_an_old_value_does_not_come_back_by_sending_it_again(org: Org, account: Session, record_id: str) -> None:
    entries = []
    for phone, name in (("old", "old"), ("older", "older")):
        reject(org, account, f"UPDATE salesforce.account SET phone = '{phone}', name = '{name}'")
        entries.append(one(account, "SELECT max(id) FROM salesforce._trigger_log"))
    account.execute("UPDATE salesforce.account SET phone = 'young'")
    write(account)
    account.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE id = %s", [entries[1]])
    write(account)
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Phone"], record["Name"]) == ("young", "older"), "what nobody has changed since is sent"
    account.execute("UPDATE salesforce.account SET name = 'new'")
    write(account)
    account.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE id = %s", [entries[1]])
    write(account)
    assert rows(account, f"SELECT state, sf_message FROM salesforce._trigger_log WHERE id = {entries[1]}") == [
        ("IGNORED", "a younger change has been accepted since")]
    move = "WITH gone AS (DELETE FROM salesforce._trigger_log WHERE id = %s RETURNING *) "
    account.execute(move + "INSERT INTO salesforce._trigger_log_archive SELECT * FROM gone", [entries[0]])
    account.execute("UPDATE salesforce._trigger_log_archive SET state = 'REQUEUE'")
    account.execute("CALL sffdw.maintain()")
    write(account)
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Phone"], record["Name"]) == ("young", "new")


def test_retry_and_dismiss_choose_by_entry_object_and_message_in_the_archive_too(
        org: Org, account: Session, record_id: str) -> None:
    for phone in ("1", "2", "3"):
        reject(org, account, f"UPDATE salesforce.account SET phone = '{phone}'")
    first, second, third = [row[0] for row in rows(account, "SELECT id FROM salesforce._trigger_log ORDER BY id")]
    account.execute("UPDATE salesforce._trigger_log SET processed_at = now() - interval '2 days', "
                    "created_at = now() - interval '2 days' WHERE id IN (%s, %s)", [first, second])
    account.execute("CALL sffdw.maintain()")
    assert rows(account, "SELECT entry_id, archived FROM sffdw.write_errors ORDER BY 1") == [
        (first, True), (second, True), (third, False)]
    assert one(account, "SELECT sffdw.dismiss(ARRAY[%s])", first) == 1
    assert one(account, "SELECT sffdw.dismiss(object_name => 'Account', message_like => 'OTHER%%')") == 0
    assert one(account, "SELECT sffdw.retry(ARRAY[%s], 'account', 'FIELD_%%')", second) == 1
    write(account)
    assert org.record("Account", record_id)["Phone"] == "3"  # type: ignore[index]
    assert rows(account, "SELECT entry_id FROM sffdw.write_errors") == [(third,)]
    assert rows(account, "SELECT id, state FROM salesforce._trigger_log_archive ORDER BY id")[:2] == [
        (first, "IGNORED"), (second, "REQUEUED")]


def test_retry_of_what_was_taken_back_sends_the_entry_as_it_was(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "restore")
    reject(org, account, "UPDATE salesforce.account SET phone = 'ours', name = 'ours'")
    account.execute("UPDATE salesforce.account SET name = 'younger'")
    write(account)
    assert one(account, "SELECT sffdw.retry()") == 1
    write(account)
    poll(account)
    assert rows(account, "SELECT name, phone FROM salesforce.account") == [("younger", "ours")]
    record = org.record("Account", record_id)
    assert record is not None
    assert (record["Name"], record["Phone"]) == ("younger", "ours")
