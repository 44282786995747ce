"""What the views show of a connection with sent, unsent and failed changes."""

from typing import Any

import pytest
from psycopg.rows import dict_row

from .queries import Session, rows


@pytest.fixture
def busy(account: Session) -> Session:
    """Three captured changes: one waits, one is being sent, one failed; an older failure is archived."""
    account.execute("INSERT INTO salesforce.account (name) VALUES ('new'), ('sent'), ('rejected')")
    account.execute("UPDATE salesforce._trigger_log SET state = 'PENDING' WHERE record_id = 2")
    account.execute("UPDATE salesforce._trigger_log SET state = 'FAILED', processed_at = now(), sf_message = "
                    "'REQUIRED_FIELD_MISSING: Required fields are missing: [LastName]' WHERE record_id = 3")
    account.execute("INSERT INTO salesforce._trigger_log_archive "
                    "(state, action, table_name, record_id, sfid, sf_message) "
                    "VALUES ('FAILED', 'UPDATE', 'account', 9, '001000000000001AAA', 'entity is deleted')")
    return account


def rows_of(session: Session, view: str) -> list[dict[str, Any]]:
    with session.cursor(row_factory=dict_row) as cursor:
        return rows(cursor, f"SELECT * FROM sffdw.{view}")


def test_connections_count_what_is_unsent_and_what_was_spent(busy: Session) -> None:
    spent = rows_of(busy, "connections")[0]["calls_today"]
    busy.execute("INSERT INTO sffdw.api_call (day, connection_id, purpose, call_count) "
                 "SELECT (now() AT TIME ZONE 'UTC')::date - d, connection_id, 'poll', 5 "
                 "FROM sffdw.connection, generate_series(0, 1) d")
    row, = rows_of(busy, "connections")
    assert (row["pending_write_count"], row["held_count"], row["calls_today"]) == (2, 0, spent + 5)
    assert row["oldest_pending_at"] is not None
    assert (row["owner_name"], row["paused"], row["mappings_summary_state"]) == ("crm_owner", "none", "INITIAL")


@pytest.mark.parametrize(("states", "want"), [
    (["DATA_SYNCED", "POLLING_SF_CHANGES"], "OK"),
    (["DATA_SYNCED", "BAD_CONFIG"], "BAD_CONFIG"),
    (["INITIAL", "UNAUTHORIZED"], "UNAUTHORIZED"),
])
def test_summary_is_the_worst_state(owner: Session, states: list[str], want: str) -> None:
    for name, state in zip(("Account", "Contact"), states, strict=True):
        owner.execute("SELECT sffdw.create_mapping(%s)", [name])
        owner.execute("UPDATE sffdw.mapping SET state = %s WHERE object_name = %s", [state, name])
    assert [row["mappings_summary_state"] for row in rows_of(owner, "connections")] == [want]


def test_mappings_count_rows_and_changes(busy: Session) -> None:
    row, = rows_of(busy, "mappings")
    assert (row["local_count"], row["pending_write_count"], row["failed_write_count"]) == (3, 2, 2)
    assert (row["state"], row["state_description"]) == ("INITIAL", "Creating")
    assert row["fields"] == ["AnnualRevenue", "External_Id__c", "Id", "IsDeleted", "Name", "OwnerId", "Phone",
                             "SystemModstamp"]


def test_write_errors_say_what_to_do(busy: Session) -> None:
    found = {row["record_id"]: row for row in rows_of(busy, "write_errors")}
    assert set(found) == {3, 9}
    assert (found[3]["archived"], found[3]["action"], found[3]["status_code"]) == (
        False, "INSERT", "REQUIRED_FIELD_MISSING")
    assert "[LastName]" in found[3]["message"] and "Map the fields" in found[3]["remedy"]
    assert (found[9]["archived"], found[9]["status_code"], found[9]["sfid"]) == (True, None, "001000000000001AAA")
    assert found[9]["remedy"]
    busy.execute("UPDATE salesforce._trigger_log SET state = 'IGNORED' WHERE record_id = 3")
    assert [row["record_id"] for row in rows_of(busy, "write_errors")] == [9]


def test_views_survive_a_missing_log(busy: Session) -> None:
    busy.execute("DROP TABLE salesforce._trigger_log_archive, salesforce._trigger_log")
    assert [row["pending_write_count"] for row in rows_of(busy, "connections")] == [0]
    assert rows_of(busy, "write_errors") == []


def test_log_and_notification_reach_who_watches(account: Session) -> None:
    account.execute('LISTEN "sffdw.notification"')
    (sent,), = rows(account, "SELECT sffdw.notify(connection_id, 'mapping-error', 'look') FROM sffdw.connection")
    assert [n.payload for n in account.notifies(timeout=5, stop_after=1)] == [str(sent)]
    assert [(n["event_type"], n["message"]) for n in rows_of(account, "notifications")] == [("mapping-error", "look")]
    assert [(e["event"], e["object_name"]) for e in rows_of(account, "log")] == [
        ("CONNECTION CREATED", None), ("MAPPING CREATED", "Account")]


@pytest.mark.parametrize("view", ["connections", "mappings", "write_errors", "log", "notifications", "sync_runs",
                                  "deferred_row", "api_usage"])
def test_strangers_see_empty_views(busy: Session, connect: Any, view: str) -> None:
    assert rows_of(connect(user="crm_app"), view) == []
