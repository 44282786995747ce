"""Bad days: an org that is out of reach, exhausted or changed, values that Salesforce keeps differently, a busy app."""

import contextlib
import threading
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, log, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]

WAIT = "SELECT extract(epoch FROM next_poll_at - clock_timestamp())::float FROM sffdw.mapping"


def fail_poll(session: Session) -> None:
    with pytest.raises(psycopg.Error):
        poll(session)


def test_a_failing_mapping_is_polled_less_and_less(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '5 seconds')")
    poll(account)
    waits = []
    with org.fault("query.timeout", kind="query", object="Account"):
        for _ in range(9):
            fail_poll(account)
            waits.append(round(one(account, WAIT)))
    assert waits[0] <= 5
    assert waits == sorted(waits)
    assert 240 <= waits[-1] <= 300
    assert 1 <= one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'POLL ERROR'") <= 5
    assert one(account, "SELECT count(*) FROM sffdw.notifications WHERE event_type = 'mapping-error'") == 1
    poll(account)
    assert one(account, WAIT) <= 5
    with org.fault("query.timeout", kind="query", object="Account"):
        fail_poll(account)
    assert one(account, WAIT) <= 5


def test_cases_62_63_passing_trouble_of_a_call_fails_no_poll(org: Org, account: Session) -> None:
    poll(account)
    trouble: list[tuple[str, dict[str, Any]]] = [
        ("http.status", {"status": 503}), ("http.status", {"status": 420}), ("http.html", {"status": 502}),
        ("http.cut", {"bytes": 40}), ("limit.concurrent", {}), ("session.expired", {})]
    for number, (name, params) in enumerate(trouble):
        org.create("Account", {"Name": f"A {number}"})
        with org.fault(name, params, kind="query", calls="1"):
            poll(account)
        assert one(account, "SELECT count(*) FROM salesforce.account") == number + 1, name
    assert rows(account, "SELECT DISTINCT outcome FROM sffdw.sync_runs") == [("ok",)]


def test_an_unavailable_org_is_asked_once_a_pause_and_not_once_a_batch(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, 30) n")
    set_options(account, write_batch_size=5)
    mark = org.last_call()
    with org.fault("http.status", {"status": 503}, kind="collections"):
        write(account)
        write(account)
    assert len(org.calls("collections", mark)) <= 4
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL, claimed_at = claimed_at - interval '1 hour'")
    write(account)
    assert len(org.names()) == 30


def test_an_exhausted_limit_keeps_changes_queued(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) SELECT 'A ' || n FROM generate_series(1, 30) n")
    set_options(account, write_batch_size=5)
    with org.fault("limit.daily"):
        for _ in range(10):
            with contextlib.suppress(psycopg.Error):
                write(account)
            account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
            account.execute("UPDATE sffdw.connection SET write_pause_until = NULL")
    assert "FAILED" not in {state for _, state in log(account)}
    write(account)
    assert len(org.names()) == 30


def test_wrong_credentials_are_tried_and_told_of_rarely(org: Org, account: Session, database: Session) -> None:
    poll(account)
    database.execute("ALTER USER MAPPING FOR crm_owner SERVER sf OPTIONS (SET client_secret 'wrong')")
    database.commit()
    org.sandbox.call("POST", "/sessions/expire", {})
    account.execute("INSERT INTO salesforce.account (name) VALUES ('a')")
    account.execute("UPDATE sffdw.mapping SET next_poll_at = NULL")
    for _ in range(4):
        for call in (poll, write):
            with pytest.raises(psycopg.Error):
                call(account)
    assert one(account, "SELECT count(*) FROM sffdw.notifications WHERE event_type = 'connection-error'") == 1
    assert one(account, "SELECT count(*) FROM sffdw.log WHERE event = 'CONNECTION STOPPED'") == 1


def test_an_object_that_vanishes_stops_its_mapping_only(org: Org, account: Session, contact: Session) -> None:
    org.create("Contact", {"LastName": "kept"})
    poll(account)
    org.sandbox.call("DELETE", "/objects/Contact")
    org.create("Account", {"Name": "arrives"})
    fail_poll(account)
    state = "SELECT state FROM sffdw.mapping WHERE object_name = 'Contact'"
    assert one(account, state) == "BAD_CONFIG"
    assert one(account, "SELECT name FROM salesforce.account") == "arrives"
    assert rows(account, "SELECT lastname FROM salesforce.contact") == [("kept",)]


def test_what_salesforce_makes_of_a_value_comes_back_once(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    values = {"name": "  Acme  ", "phone": "", "description": "a\r\nb \U0001f600 \\ \"q\" => 'x', NULL ",
              "annualrevenue": 12.3456}
    account.execute("UPDATE salesforce.account SET name = %(name)s, phone = %(phone)s, description = %(description)s, "
                    "annualrevenue = %(annualrevenue)s", values)
    write(account)
    record = org.record("Account", record_id)
    assert record is not None
    assert log(account) == [("UPDATE", "SUCCESS")]
    mark = org.last_call()
    for _ in range(3):
        poll(account)
        write(account)
    assert rows(account, "SELECT name, phone, description, annualrevenue FROM salesforce.account") == [
        (record["Name"], record["Phone"], record["Description"], record["AnnualRevenue"])]
    assert record["Name"] == "Acme"
    assert len(log(account)) == 1
    assert org.calls("collections", mark) == []
    assert one(account, "SELECT _hc_lastop FROM salesforce.account") in ("UPDATED", "SYNCED")


@pytest.mark.parametrize("settings", ["datestyle = 'SQL, DMY'", "datestyle = 'German'", "timezone = 'Asia/Kolkata'",
                                      "intervalstyle = 'postgres_verbose'", "extra_float_digits = -3",
                                      "bytea_output = 'escape'", "standard_conforming_strings = off"])
def test_settings_of_the_owner_change_no_value(org: Org, account: Session, connect: Any, database: Session,
                                               settings: str) -> None:
    poll(account)
    database.execute(f"ALTER ROLE crm_owner SET {settings}")
    database.commit()
    try:
        session = connect()
        org.create("Account", {"Name": "theirs", "AnnualRevenue": 0.1 + 0.2})
        session.execute("INSERT INTO salesforce.account (name, annualrevenue, description) "
                        "VALUES (E'a\\\\b', 1234567.8901234567, 'x')")
        write(session)
        poll(session)
        session.execute("UPDATE salesforce.account SET annualrevenue = 7654321.123456789, phone = '1'")
        write(session)
        poll(session)
        assert [state for _, state in log(session)] == ["SUCCESS"] * 3
        assert {r["Name"]: r["AnnualRevenue"] for r in org.sandbox.records("Account")} == dict(
            rows(account, "SELECT name, annualrevenue FROM salesforce.account"))
        assert set(rows(account, "SELECT createddate::text FROM salesforce.account")) == {
            (r["CreatedDate"][:19].replace("T", " "),) for r in org.sandbox.records("Account")}
    finally:
        database.execute("ALTER ROLE crm_owner RESET ALL")
        database.commit()


def test_a_rejected_insert_that_is_changed_and_deleted_leaves_nothing(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    write(account)
    account.execute("UPDATE salesforce.account SET name = 'late'")
    account.execute("DELETE FROM salesforce.account")
    write(account)
    account.execute("SELECT sffdw.retry()")
    write(account)
    poll(account)
    assert org.names() == []
    assert rows(account, "SELECT * FROM salesforce.account") == []
    assert {state for _, state in log(account)} & {"NEW", "PENDING", "IGNORE"} == set()


def test_an_answer_that_cannot_be_asked_for_is_not_asked_for_without_pause(org: Org, contact: Session) -> None:
    poll(contact)
    contact.execute("INSERT INTO salesforce.contact (lastname) VALUES ('once')")
    with org.fault("http.status", {"status": 503}, kind="query"), org.fault("reply.lost", kind="collections"):
        write(contact, max_duration="4 seconds")
    assert one(contact, "SELECT count(*) FROM sffdw.log WHERE event = 'WRITE STEP ERROR'") <= 1
    contact.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(contact)
    assert org.names("Contact", "LastName") == ["once"]
    assert log(contact) == [("INSERT", "SUCCESS")]


def test_case_61_a_query_that_times_out_is_no_success(org: Org, account: Session) -> None:
    poll(account)
    org.create("Account", {"Name": "late"})
    with org.fault("query.timeout", kind="query"):
        with pytest.raises(psycopg.Error) as caught:
            poll(account)
        assert caught.value.sqlstate == "SF005"
        assert "EXPLAIN" in str(caught.value.diag.message_hint)
    assert rows(account, "SELECT outcome, read_count, call_count FROM sffdw.sync_runs ORDER BY run_id DESC LIMIT 1"
                ) == [("error", 0, 2)]
    assert one(account, "SELECT state FROM sffdw.mappings") == "SYSTEM_ERROR"
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account") == 1


def test_one_pass_ends_while_an_app_goes_on_writing(org: Org, account: Session, connect: Any) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', hold_threshold => 1000000)")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('older')")
    app, has_ended = connect(), threading.Event()

    def go_on() -> None:
        while not has_ended.is_set():
            app.execute("INSERT INTO salesforce.account (name) VALUES ('younger')")

    account.execute("SET statement_timeout = '40s'")
    with background(go_on) as raised:
        wait_for(lambda: one(account, "SELECT count(*) > 5 FROM salesforce.account"), "the app writes")
        try:
            write(account)
        finally:
            has_ended.set()
    assert not raised
    assert one(account, "SELECT state FROM salesforce._trigger_log ORDER BY id LIMIT 1") == "SUCCESS"
    write(account)
    assert rows(account, "SELECT DISTINCT state FROM salesforce._trigger_log") == [("SUCCESS",)]
