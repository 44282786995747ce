"""What becomes of local rows whose change Salesforce has rejected, by rejected_policy."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, write

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


def test_a_rejected_update_is_kept_or_taken_back_by_policy(org: Org, account: Session, record_id: str) -> None:
    for policy, phone in (("keep", "ours"), ("restore", "base")):
        set_policy(account, policy)
        reject(org, account, "UPDATE salesforce.account SET phone = 'ours'")
        want = ("first", phone, "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
        assert rows(account, STATE) == [want], policy
        poll(account)
        assert rows(account, STATE) == [want], "the reason stays while the record stays"
        org.update("Account", record_id, Description=policy)
        poll(account)
        assert rows(account, STATE) == [("first", "base", "SYNCED", None)]
    assert log(account) == [("UPDATE", "FAILED")] * 2
    assert org.record("Account", record_id)["Phone"] == "base"  # type: ignore[index]


def test_the_reason_is_the_documented_json(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "restore")
    reject(org, account, "UPDATE salesforce.account SET phone = 'ours'")
    reason = json.loads(one(account, "SELECT _hc_err FROM salesforce.account"))
    entry_id = one(account, "SELECT max(id) FROM salesforce._trigger_log")
    assert sorted(reason) == ["at", "code", "entry_id", "fields", "message"]
    assert (reason["code"], reason["message"], reason["entry_id"]) == (REJECTION["code"], "not this one", entry_id)
    assert one(account, "SELECT sf_message FROM salesforce._trigger_log") == f"{REJECTION['code']}: not this one"


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


def test_the_row_of_a_rejected_delete_comes_back_with_its_id(org: Org, account: Session, record_id: str) -> None:
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


def test_the_row_of_a_rejected_insert_stays(org: Org, account: Session) -> None:
    set_policy(account, "restore")
    reject(org, account, "INSERT INTO salesforce.account (name) VALUES ('new')")
    assert rows(account, STATE) == [("new", None, "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    assert rows(account, "SELECT * FROM sffdw.row_restore") == []


def test_a_record_that_cannot_be_read_is_taken_back_later(org: Org, account: Session, record_id: str) -> None:
    set_policy(account, "restore")
    account.execute("UPDATE salesforce.account SET phone = 'ours'")
    with org.fault("dml.error", REJECTION), org.fault("query.timeout", kind="query"):
        write(account)
    assert one(account, "SELECT phone FROM salesforce.account") == "ours"
    assert one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'RESTORE ERROR'") == 1
    account.execute("UPDATE sffdw.row_restore SET next_try_at = NULL")
    write(account)
    assert rows(account, STATE) == [("first", "base", "FAILED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
