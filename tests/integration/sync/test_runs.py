"""Runs: who may start them, when they end, what stops them; jobs, lanes and upkeep."""

import contextlib
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import OWNER, create_server
from tests.integration.sync.org import Org, background, log, one, poll, rows, wait_for, write

Session = psycopg.Connection[Any]


@pytest.mark.parametrize(("started", "duration", "want"), [
    ("12:00:00.35", "61 seconds", "12:01:00.3"),
    ("12:00:00.05", "61 seconds", "12:01:00.3"),
    ("12:00:20.0", "61 seconds", "12:01:00.3"),
    ("12:00:55.0", "10 seconds", "12:01:05.0"),
])
def test_a_loop_ends_just_past_the_minute(owner: Session, started: str, duration: str, want: str) -> None:
    found = one(owner, "SELECT sffdw.run_deadline(%s, ('2026-02-03 ' || %s)::timestamptz)", duration, started)
    assert found == dt.datetime.fromisoformat(f"2026-02-03 {want}+00:00")


def test_a_loop_sends_what_is_written_while_it_runs(org: Org, account: Session, connect: Any) -> None:
    writer = connect()
    with background(lambda: write(writer, max_duration="5 seconds")) as raised:
        account.execute("INSERT INTO salesforce.account (name) VALUES ('first')")
        wait_for(lambda: one(account, "SELECT count(sfid) = 1 FROM salesforce.account"), "the first is sent")
        account.execute("INSERT INTO salesforce.account (name) VALUES ('second')")
        wait_for(lambda: one(account, "SELECT count(sfid) = 2 FROM salesforce.account"), "the second is sent")
    assert not raised
    assert org.names() == ["first", "second"]
    assert one(account, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_a_loop_polls_when_it_is_due(org: Org, account: Session, connect: Any) -> None:
    poll(account)
    account.execute("UPDATE sffdw.mapping SET next_poll_at = clock_timestamp() + interval '1 second'")
    org.create("Account", {"Name": "arrives"})
    poller = connect()
    with background(lambda: poll(poller, force=False, max_duration="4 seconds")) as raised:
        wait_for(lambda: one(account, "SELECT count(*) FROM salesforce.account") == 1, "it arrives")
    assert not raised


def test_what_is_due_is_decided_by_the_time_given(org: Org, account: Session) -> None:
    poll(account)
    mark = org.last_call()
    account.execute("CALL sffdw.poll(force => false, at => now() + interval '9 minutes')")
    assert org.calls("query", mark) == []
    account.execute("CALL sffdw.poll(force => false, at => now() + interval '11 minutes')")
    assert len(org.calls("query", mark)) == 1
    due = one(account, "SELECT next_poll_at - now() FROM sffdw.mapping")
    assert dt.timedelta(minutes=20) < due < dt.timedelta(minutes=22)


def test_the_delete_log_is_asked_every_ten_minutes_only(org: Org, account: Session) -> None:
    account.execute("UPDATE sffdw.mapping SET poll_interval = '1 minute'")
    poll(account)
    mark = org.last_call()
    for minute in range(1, 21):
        account.execute("CALL sffdw.poll(force => false, at => now() + %s * interval '61 seconds')", [minute])
    assert len(org.calls("query", mark)) == 20
    assert len(org.calls("deleted", mark)) == 2


def test_a_failing_mapping_does_not_stop_the_others(org: Org, account: Session, contact: Session) -> None:
    org.create("Contact", {"LastName": "arrives"})
    with org.fault("query.timeout", kind="query", object="Account"), pytest.raises(psycopg.Error):
        poll(account)
    assert rows(account, "SELECT object_name, state FROM sffdw.mapping ORDER BY 1") == [
        ("Account", "SYSTEM_ERROR"), ("Contact", "DATA_SYNCED")]
    assert one(account, "SELECT lastname FROM salesforce.contact") == "arrives"


def test_case_71_another_org_stops_everything(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "kept"})
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = 'unsent'")
    org.refresh()
    for call in ("poll()", "write()", "poll()"):
        with pytest.raises(psycopg.Error) as raised:
            account.execute(f"CALL sffdw.{call}")
        assert raised.value.sqlstate == "SF002"
        assert "recover" in str(raised.value.diag.message_hint)
    assert one(account, "SELECT state FROM sffdw.connection") == "RECOVERY"
    assert rows(account, "SELECT name FROM salesforce.account") == [("kept",)]
    assert log(account) == [("UPDATE", "NEW")]
    assert one(account, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    assert ("connection-error",) in rows(account, "SELECT event_type FROM sffdw.notifications")


def test_case_71_an_org_that_is_not_the_recorded_one_stops_everything(org: Org, account: Session) -> None:
    """No session has seen it change: the server's options lead elsewhere, or what sessions share is gone."""
    account.execute("INSERT INTO salesforce.account (name) VALUES ('unsent')")
    account.execute("UPDATE sffdw.connection SET org_id = '00D000000000009EAA'")
    for call in ("write()", "poll()"):
        with pytest.raises(psycopg.Error) as raised:
            account.execute(f"CALL sffdw.{call}")
        assert raised.value.sqlstate == "SF002"
    assert "belongs to org 00D000000000009EAA" in one(account, "SELECT last_error FROM sffdw.connection")
    assert org.names() == []
    assert log(account) == [("INSERT", "NEW")]


def test_case_71_another_org_in_the_middle_of_a_run_stops_it(org: Org, account: Session, contact: Session,
                                                             connect: Any) -> None:
    org.create("Account", {"Name": "kept"})
    org.create("Contact", {"LastName": "kept"})
    poll(account)
    account.execute("UPDATE sffdw.mapping SET next_poll_at = 'infinity'")
    poller = connect()
    with background(lambda: poll(poller, force=False, max_duration="20 seconds")) as raised:
        wait_for(lambda: rows(account, "SELECT FROM pg_locks WHERE locktype = 'advisory'"), "the loop runs")
        org.refresh()
        account.execute("UPDATE sffdw.mapping SET state = 'RELOAD_TABLE', phase = 'load', load_cursor = NULL, "
                        "next_poll_at = now()")
    assert [getattr(error, "sqlstate", error) for error in raised] == ["SF002"]
    assert one(account, "SELECT state FROM sffdw.connection") == "RECOVERY"
    assert rows(account, "SELECT name FROM salesforce.account") == [("kept",)]
    assert rows(account, "SELECT lastname FROM salesforce.contact") == [("kept",)]


def test_case_73_a_clone_writes_nothing(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('unsent')")
    account.execute("UPDATE sffdw.connection SET system_identifier = system_identifier - 1")
    with pytest.raises(psycopg.Error) as raised:
        write(account)
    assert raised.value.sqlstate == "SF002"
    assert org.sandbox.records("Account") == []


def test_wrong_credentials_are_the_state_of_the_connection(org: Org, account: Session, database: Session) -> None:
    database.execute("ALTER USER MAPPING FOR crm_owner SERVER sf OPTIONS (SET client_secret 'wrong')")
    database.commit()
    org.sandbox.call("POST", "/sessions/expire", {})
    with pytest.raises(psycopg.Error) as raised:
        poll(account)
    assert raised.value.sqlstate == "SF001"
    assert rows(account, "SELECT state, last_error IS NOT NULL FROM sffdw.connection") == [("UNAUTHORIZED", True)]


def test_a_locked_org_is_the_state_of_the_connection_until_it_is_back(org: Org, account: Session) -> None:
    poll(account)
    org.sandbox.call("POST", "/sessions/expire", {})
    with org.fault("http.status", {"status": 400, "code": "inactive_org", "message": "x"}, kind="token"), \
            pytest.raises(psycopg.Error) as raised:
        poll(account)
    assert (raised.value.sqlstate, "administrator" in str(raised.value.diag.message_hint)) == ("SF001", True)
    assert rows(account, "SELECT state FROM sffdw.connection") == [("INACTIVE_ORG",)]
    poll(account)
    assert rows(account, "SELECT state, last_error FROM sffdw.connection") == [("IDLE", None)]


REFUSED_WITHOUT_A_LOG = (
    "CALL sffdw.poll()", "CALL sffdw.write()", "CALL sffdw.maintain()", "SELECT sffdw.create_mapping('Lead')",
    "SELECT sffdw.alter_mapping('Account', history => true)", "SELECT sffdw.retry()", "SELECT sffdw.dismiss()",
    "SELECT sffdw.plan_write()", "SELECT sffdw.release('out')", "SELECT sffdw.verify_mapping()",
    "SELECT sffdw.recover()", "SELECT sffdw.alter_connection(write_algorithm => 'merged')")


@pytest.mark.parametrize("table", ["_trigger_log", "_trigger_log_archive", "_hcmeta"])
def test_without_a_table_of_its_own_a_connection_refuses_to_run_until_it_is_back(
        org: Org, account: Session, table: str) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('unsent')")
    account.execute(f"ALTER TABLE salesforce.{table} RENAME TO elsewhere")
    mark = org.last_call()
    for statement in REFUSED_WITHOUT_A_LOG:
        with pytest.raises(psycopg.Error) as raised:
            account.execute(statement.encode())
        assert raised.value.sqlstate == "SF018", statement
        assert f'"{table}"' in str(raised.value.diag.message_primary), statement
        assert "Restore it" in str(raised.value.diag.message_hint), statement
    assert org.calls(since=mark) == []
    assert rows(account, "SELECT state, last_error FROM sffdw.connections") == [
        ("DB_UNAVAILABLE", f'table "{table}" of connection "salesforce" is missing')]
    assert rows(account, "SELECT count(*) FROM sffdw.notifications WHERE message LIKE '%missing%'") == [(1,)]
    account.execute(f"ALTER TABLE salesforce.elsewhere RENAME TO {table}")
    write(account)
    assert org.names() == ["unsent"]
    assert rows(account, "SELECT state, last_error FROM sffdw.connections") == [("IDLE", None)]


def test_a_connection_that_lost_its_log_is_dropped_and_made_again(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "kept"})
    poll(account)
    account.execute("DROP TABLE salesforce._trigger_log CASCADE")
    account.execute("SELECT sffdw.drop_connection()")
    account.execute("DROP TABLE salesforce._trigger_log_archive, salesforce._hcmeta, salesforce._sf_event_log; "
                    "DROP FUNCTION salesforce.tlog_notify_trigger, salesforce.hc_capture_insert_from_row, "
                    "salesforce.hc_capture_update_from_row")
    account.execute("SELECT sffdw.create_connection('sf')")
    account.execute("SELECT sffdw.create_mapping('Account', fields => '{Name}', access => 'read_write')")
    account.execute("UPDATE salesforce.account SET name = 'ours'")
    write(account)
    assert org.names() == ["ours"]


@contextlib.contextmanager
def lanes(*sessions: Session) -> Iterator[None]:
    """Each session polls what is due, in a lane of its own, while the block runs."""
    raised = []
    with contextlib.ExitStack() as stack:
        for number, session in enumerate(sessions):
            call = f"CALL sffdw.poll(force => false, max_duration => '3 minutes', lane => {number})"
            raised.append(stack.enter_context(background(functools.partial(session.execute, call))))
        try:
            yield
        finally:
            for session in sessions:
                session.cancel()
    assert [type(error) for errors in raised for error in errors] == [psycopg.errors.QueryCanceled] * len(sessions)


def test_two_lanes_share_the_mappings(org: Org, account: Session, contact: Session, connect: Any) -> None:
    org.create("Account", *[{"Name": f"A {n}"} for n in range(30)])
    org.create("Contact", *[{"LastName": f"C {n}"} for n in range(30)])
    account.execute("""UPDATE sffdw.connection SET options = '{"page_size": 10}'""")
    with lanes(connect(), connect()):
        wait_for(lambda: one(account, "SELECT count(*) = 30 FROM salesforce.account")
                 and one(account, "SELECT count(*) = 30 FROM salesforce.contact"), "both are loaded", 120)
    assert one(account, "SELECT count(DISTINCT sfid) FROM salesforce.account") == 30


def test_a_long_load_or_poll_gives_others_a_turn_between_its_pages(org: Org, account: Session, contact: Session,
                                                                  connect: Any) -> None:
    poll(contact, "Contact")
    account.execute("""UPDATE sffdw.connection SET options = '{"page_size": 2}'""")
    for purpose in ("load", "poll"):
        org.create("Account", *[{"Name": f"{purpose} {n}"} for n in range(7)])
        account.execute("UPDATE sffdw.mapping SET next_poll_at = now() - CASE object_name "
                        "WHEN 'Account' THEN interval '1 hour' ELSE '1 second' END, next_sweep_at = 'infinity'")
        mark = org.last_call()
        with lanes(connect()):
            wait_for(lambda: one(account, "SELECT count(*) = 7 FROM salesforce.account WHERE name LIKE %s",
                                 f"{purpose} %"), "all have come", 120)  # noqa: B023 - called in this turn only
        asked = [call["object"] for call in org.calls("query", mark)]
        assert asked.index("Account") < asked.index("Contact") < asked.index("Account", asked.index("Contact"))


def test_case_22_rows_that_vanish_in_masses_are_not_deleted(org: Org, account: Session) -> None:
    org.create("Account", *[{"Name": f"A {n}"} for n in range(400)])
    poll(account)
    account.execute("SELECT sffdw.reload()")
    with org.fault("rows.hidden", {"every": 1, "share": 1.0}, kind="query", object="Account"):
        poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account") == 400
    assert "none was deleted" in one(account, "SELECT message FROM sffdw.notifications")


def test_settled_entries_are_archived_once_a_later_poll_has_merged(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('good')")
    account.execute("INSERT INTO salesforce.account (phone) VALUES ('bad')")
    write(account)
    account.execute("CALL sffdw.maintain()")
    assert len(log(account)) == 2, "no poll has begun since"
    poll(account)
    account.execute("CALL sffdw.maintain()")
    assert log(account) == [("INSERT", "FAILED")]
    assert rows(account, "SELECT action, state FROM salesforce._trigger_log_archive") == [("INSERT", "SUCCESS")]
    account.execute("CALL sffdw.maintain(at => now() + interval '25 hours')")
    assert log(account) == []
    assert one(account, "SELECT archived FROM sffdw.write_errors") is True
    # What waited for weeks before it was sent is kept as long as anything else.
    account.execute("UPDATE salesforce._trigger_log_archive SET created_at = created_at - interval '40 days'")
    account.execute("CALL sffdw.maintain()")
    assert one(account, "SELECT count(*) FROM salesforce._trigger_log_archive") == 2
    account.execute("CALL sffdw.maintain(at => now() + interval '40 days')")
    assert rows(account, "SELECT * FROM salesforce._trigger_log_archive") == []
    assert rows(account, "SELECT * FROM sffdw.write_claim") == []


def test_an_archived_entry_is_sent_again_on_request(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "Acme"})
    poll(account)
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "no"}):
        account.execute("UPDATE salesforce.account SET phone = '2'")
        write(account)
    account.execute("CALL sffdw.maintain(at => now() + interval '25 hours')")
    account.execute("UPDATE salesforce._trigger_log_archive SET state = 'REQUEUE'")
    account.execute("CALL sffdw.maintain()")
    assert rows(account, "SELECT state FROM salesforce._trigger_log_archive") == [("REQUEUED",)]
    write(account)
    assert org.sandbox.records("Account")[0]["Phone"] == "2"


def test_retry_reaches_the_archive(org: Org, account: Session) -> None:
    record_id = org.create("Account", {"Name": "Acme"})[0]
    poll(account)
    with org.fault("dml.error", {"code": "DELETE_FAILED", "message": "no"}):
        account.execute("DELETE FROM salesforce.account")
        write(account)
    account.execute("CALL sffdw.maintain(at => now() + interval '25 hours')")
    assert one(account, "SELECT sffdw.retry()") == 1
    write(account)
    assert org.record("Account", record_id) is None
    assert rows(account, "SELECT * FROM sffdw.write_errors") == []


def test_schedule_without_pg_cron_says_what_to_add(account: Session) -> None:
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        account.execute("SELECT sffdw.schedule()")
    assert "shared_preload_libraries" in str(raised.value.diag.message_hint)
    assert rows(account, "SELECT sffdw.unschedule()") == []


@pytest.fixture
def jobs(server: Any, template: Any, database: Session, cluster: Any) -> Iterator[Session]:
    """A superuser's session in the one database that pg_cron runs in."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS cron WITH (FORCE);")
    cluster.psql("postgres", "CREATE DATABASE cron TEMPLATE template0;")
    with psycopg.connect(host=server.host, port=server.port, user="postgres", dbname="cron",
                         autocommit=True) as session:
        session.execute("SET client_min_messages = warning")
        session.execute("CREATE EXTENSION sffdw CASCADE")
        session.execute("CREATE EXTENSION pg_cron")
        yield session
    cluster.psql("postgres", "DROP DATABASE cron WITH (FORCE);")


def test_schedule_makes_the_jobs_of_the_owner(jobs: Session, server: Any, sandbox: Any, credentials: Any) -> None:
    create_server(jobs, sandbox, credentials)
    with psycopg.connect(host=server.host, port=server.port, user=OWNER, dbname="cron", autocommit=True) as owner:
        owner.execute("SELECT sffdw.create_connection('sf')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as raised:
            owner.execute("SELECT sffdw.schedule()")
        assert "GRANT USAGE ON SCHEMA cron" in str(raised.value.diag.message_hint)
        jobs.execute(f"GRANT USAGE ON SCHEMA cron TO {OWNER}")
        names = ["sffdw:salesforce:poll:1", "sffdw:salesforce:poll:2", "sffdw:salesforce:write",
                 "sffdw:salesforce:changes", "sffdw:salesforce:maintain"]
        starts = [f"{name}:start" for name in names[:-1]]
        owner.execute("SELECT sffdw.schedule()")
        assert [row[0] for row in rows(owner, "SELECT sffdw.schedule(lanes => 2)")] == names + starts
        found = {row[0]: row[1:] for row in rows(jobs, "SELECT jobname, username, schedule, command FROM cron.job")}
        assert {name: job[:2] for name, job in found.items()} == (
            dict.fromkeys(names, (OWNER, "* * * * *")) | dict.fromkeys(starts, (OWNER, "@reboot")))
        assert "lane => 2" in found["sffdw:salesforce:poll:2"][2]
        assert one(owner, "SELECT 'statement_timeout=0' = ANY (s.setconfig) FROM pg_db_role_setting s "
                          "WHERE s.setrole = current_user::regrole") is True
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            owner.execute("SELECT sffdw.schedule(lanes => 0)")
        # Of a connection named salesforce:b.
        owner.execute("SELECT cron.schedule('sffdw:salesforce:b:write', '0 0 1 1 *', 'SELECT')")
        assert sorted(row[0] for row in rows(owner, "SELECT sffdw.unschedule()")) == sorted(names + starts)
        owner.execute("SELECT cron.unschedule('sffdw:salesforce:b:write')")
        assert jobs.execute("SELECT count(*) FROM cron.job").fetchone() == (0,)
    jobs.execute(f"ALTER ROLE {OWNER} RESET statement_timeout")


def test_upkeep_trims_what_pg_cron_keeps_of_our_runs_and_of_no_others(
        jobs: Session, server: Any, sandbox: Any, credentials: Any) -> None:
    create_server(jobs, sandbox, credentials)
    with psycopg.connect(host=server.host, port=server.port, user=OWNER, dbname="cron", autocommit=True) as owner:
        owner.execute("SELECT sffdw.create_connection('sf')")
        # Where pg_cron is somebody else's, upkeep has nothing to do with it.
        owner.execute("CALL sffdw.maintain()")
        assert rows(owner, "SELECT sffdw.unschedule()") == []
        jobs.execute(f"GRANT USAGE ON SCHEMA cron TO {OWNER}")
        for name in ("sffdw:salesforce:write", "sffdw:salesforce:b:write", "other"):
            owner.execute("SELECT cron.schedule(%s, '0 0 1 1 *', 'SELECT')", [name])
        jobs.execute("""
            INSERT INTO cron.job_run_details (jobid, runid, username, status, start_time, end_time)
            SELECT j.jobid, 1000 * j.jobid + t.n, j.username, t.status, now() - t.started, now() - t.ended
            FROM cron.job j
            CROSS JOIN (VALUES (1, 'succeeded', interval '25 hours', interval '25 hours'),
                               (2, 'succeeded', '23 hours', '23 hours'), (3, 'running', '1 hour', NULL),
                               (4, 'failed', '25 hours', NULL)) AS t (n, status, started, ended)""")
        owner.execute("CALL sffdw.maintain()")
        left = dict(rows(jobs, "SELECT j.jobname, array_agg(d.runid % 1000 ORDER BY d.runid) FROM cron.job j "
                               "JOIN cron.job_run_details d USING (jobid) GROUP BY j.jobname"))
        assert left == {"sffdw:salesforce:write": [2, 3], "sffdw:salesforce:b:write": [1, 2, 3, 4],
                        "other": [1, 2, 3, 4]}
        owner.execute("SELECT cron.unschedule(jobid) FROM cron.job")


@pytest.mark.parametrize(("second", "want"), [("00", 59.0), ("30.5", 28.5), ("59", 0.0), ("59.7", 0.0)])
def test_a_loop_that_bridges_a_minute_is_over_before_the_next(account: Session, second: str, want: float) -> None:
    assert one(account, "SELECT extract(epoch FROM sffdw.rest_of_minute(%s::timestamptz))::float8",
               f"2026-01-01 10:20:{second}+00") == want


def test_when_the_server_has_started_the_loops_are_at_work_before_the_minute_ticks(
        jobs: Session, server: Any, cluster: Any, sandbox: Any, credentials: Any) -> None:
    create_server(jobs, sandbox, credentials)
    jobs.execute(f"GRANT USAGE ON SCHEMA cron TO {OWNER}")

    def session(user: str) -> Session:
        return psycopg.connect(host=server.host, port=server.port, user=user, dbname="cron", autocommit=True)

    with session(OWNER) as owner:
        owner.execute("SELECT sffdw.create_connection('sf')")
        owner.execute("SELECT sffdw.schedule()")
    try:
        jobs.execute("UPDATE cron.job SET active = schedule = '@reboot'")
        cluster.stop()
        cluster.start()
        with session("postgres") as again:
            run = ("SELECT array_agg(DISTINCT j.jobname) FROM cron.job_run_details r JOIN cron.job j USING (jobid) "
                   "WHERE j.schedule = '@reboot'")
            wait_for(lambda: one(again, run) == ["sffdw:salesforce:changes:start", "sffdw:salesforce:poll:1:start",
                                                 "sffdw:salesforce:write:start"], "all three have begun", 60)
            again.execute("SELECT cron.unschedule(jobid) FROM cron.job")
    finally:
        with session("postgres") as last:
            last.execute(f"ALTER ROLE {OWNER} RESET statement_timeout")
