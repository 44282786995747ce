"""What Salesforce has accepted and the app then rolls back is found by its intent, reported or taken back."""

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.sync.org import Org, background, is_ended, one, poll, rows, set_options, wait_for

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]

CONFLICTS = "SELECT object_name, sfid, field, local_value, org_value, base_value FROM sffdw.conflicts ORDER BY field"
RESOLUTIONS = "SELECT DISTINCT resolution FROM sffdw.conflicts"
INTENTS = "SELECT count(*) FROM salesforce_live._intents WHERE origin = (SELECT sffdw.find_origin(c) " \
    "FROM sffdw.connection c)"
INSERT = "INSERT INTO salesforce.account (name, phone) VALUES ('new', '9')"
UPDATE = "UPDATE salesforce.account SET phone = '2', annualrevenue = 5 WHERE name = 'old'"
DELETE = "DELETE FROM salesforce.account WHERE name = 'old'"
GONE = "ENTITY_IS_DELETED"


@pytest.fixture
def old(org: Org, waiting: Session) -> Session:
    """The owner's session with Account mapped in write mode sync and one record in both sides."""
    org.create("Account", {"Name": "old", "Phone": "1"})
    poll(waiting)
    return waiting


def maintain(session: Session) -> None:
    session.execute("CALL sffdw.maintain()")


def sides(org: Org, session: Session) -> tuple[list[Any], list[Any]]:
    """The rows here, and the records there, each in order."""
    here = rows(session, "SELECT sfid, name, phone, annualrevenue FROM salesforce.account")
    there = [tuple(record[field] for field in ("Id", "Name", "Phone", "AnnualRevenue"))
             for record in org.sandbox.records("Account")]
    return sorted(here), sorted(there)


def is_settled(session: Session) -> bool:
    maintain(session)
    return one(session, INTENTS) == 0 == one(session, "SELECT count(*) FROM sffdw.sync_write")


def test_intents_of_what_was_committed_are_forgotten(org: Org, old: Session, app: Session) -> None:
    for statement in (INSERT, UPDATE, DELETE):
        app.execute(statement.encode())
    assert one(old, INTENTS) == 3
    maintain(old)
    assert one(old, INTENTS) == 3
    app.commit()
    maintain(old)
    assert one(old, INTENTS) == 0
    wait_for(lambda: is_settled(old), "the intents are settled")
    assert rows(old, CONFLICTS) == rows(old, "SELECT * FROM sffdw.notifications") == []


def test_dropping_the_connection_names_what_is_not_settled(org: Org, old: Session, app: Session) -> None:
    notices: list[str] = []
    old.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    app.execute(UPDATE.encode())
    app.commit()
    app.execute(INSERT.encode())
    app.rollback()
    left = one(old, "SELECT i.intent_id FROM sffdw.connection c, sffdw.list_intents(c) i WHERE i.operation = 'insert'")
    old.execute("SELECT sffdw.drop_connection()")
    assert notices == [f'synchronous writes of connection "salesforce" are not settled: intent-{left}.json '
                       "(insert of Account)"]


def test_a_transaction_that_wrote_is_not_prepared(org: Org, old: Session, app: Session) -> None:
    app.execute(UPDATE.encode())
    with pytest.raises(psycopg.Error, match="cannot PREPARE"):
        app.execute("PREPARE TRANSACTION 'half'")
    app.rollback()
    wait_for(lambda: is_settled(old), "the intent is settled")
    assert len(rows(old, CONFLICTS)) == 2
    poll(old)
    here, there = sides(org, old)
    assert here == there


ENDS = {
    "rollback": "BEGIN; {0}; ROLLBACK",
    "savepoint": "BEGIN; SAVEPOINT here; {0}; ROLLBACK TO SAVEPOINT here; COMMIT",
    "caught": "DO $$ BEGIN {0}; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$",
}


@pytest.mark.parametrize("end", ENDS)
def test_case_70_what_is_rolled_back_after_salesforce_accepted_it_is_reported_and_read_again(
        org: Org, old: Session, end: str) -> None:
    sfid = org.sandbox.records("Account")[0]["Id"]
    wanted = {
        INSERT: [(None, None, '{"Name": "new", "Phone": "9"}', None)],
        UPDATE: [("AnnualRevenue", None, "5", None), ("Phone", "1", "2", "1")],
        DELETE: [(None, None, None, None)]}
    for statement, conflicts in wanted.items():
        before = rows(old, "SELECT name, phone FROM salesforce.account ORDER BY id")
        old.execute(ENDS[end].format(statement).encode())
        assert rows(old, "SELECT name, phone FROM salesforce.account ORDER BY id") == before
        maintain(old)
        made = next((record["Id"] for record in org.sandbox.records("Account") if record["Name"] == "new"), None)
        assert rows(old, CONFLICTS) == [("Account", made if statement == INSERT else sfid, *one) for one in conflicts]
        assert one(old, RESOLUTIONS).startswith("rolled back here after Salesforce had accepted the ")
        assert rows(old, "SELECT event_type FROM sffdw.notifications") == [("sync-rolled-back",)]
        poll(old)
        local, remote = sides(org, old)
        assert local == remote != before
        wait_for(lambda: is_settled(old), "the intents are settled")
        maintain(old)
        assert one(old, "SELECT count(*) FROM sffdw.notifications") == 1
        old.execute("DELETE FROM sffdw.notification")
        old.execute("DELETE FROM sffdw.conflict")
    assert org.names() == ["new"]


def test_what_salesforce_refused_leaves_no_intent(org: Org, old: Session) -> None:
    with pytest.raises(psycopg.Error):
        old.execute("INSERT INTO salesforce.account (phone) VALUES ('1')")
    assert one(old, INTENTS) == 0
    maintain(old)
    assert rows(old, CONFLICTS) == []


def test_batches_that_were_stored_before_one_was_refused_are_reported(org: Org, old: Session) -> None:
    set_options(old, sync_write_max_rows=300)
    with pytest.raises(psycopg.Error) as caught:
        old.execute("INSERT INTO salesforce.account (name) SELECT nullif('A ' || n, 'A 201') "
                    "FROM generate_series(1, 201) n")
    assert "row 201 of the statement" in str(caught.value.diag.message_detail)
    assert "200 rows were already stored" in str(caught.value.diag.message_detail)
    maintain(old)
    assert one(old, "SELECT count(DISTINCT sfid) FROM sffdw.conflicts") == 200
    poll(old)
    local, remote = sides(org, old)
    assert local == remote
    assert len(local) == 201


def test_case_70_a_backend_that_is_killed_between_answer_and_commit_is_found_out(org: Org, old: Session,
                                                                                connect: Connect) -> None:
    app = connect(autocommit=False)
    app.execute(INSERT.encode())
    os.kill(app.info.backend_pid, signal.SIGKILL)
    wait_for(lambda: is_ended(old), "the server restarts")
    again = wait_for(lambda: reconnect(connect), "the server is back")
    assert rows(again, "SELECT name FROM salesforce.account") == [("old",)]
    # The transaction's id may have been lost with the server's memory: others must have come after it.
    wait_for(lambda: is_settled(again), "the intent is settled")
    assert rows(again, "SELECT org_value::jsonb ->> 'Name' FROM sffdw.conflicts") == [("new",)]
    poll(again)
    local, remote = sides(org, again)
    assert local == remote
    assert len(local) == 2


def reconnect(connect: Connect) -> Session | None:
    try:
        return connect()
    except psycopg.OperationalError:
        return None


def test_case_70_a_backend_that_is_killed_during_the_call_is_found_out(org: Org, old: Session,
                                                                      connect: Connect) -> None:
    app = connect(autocommit=False)
    with org.fault("http.latency", {"ms": 20_000}, kind="collections"), \
            background(lambda: app.execute(INSERT.encode())) as raised:
        wait_for(lambda: len(org.sandbox.records("Account")) == 2, "the record is made")
        os.kill(app.info.backend_pid, signal.SIGKILL)
    assert [type(error) for error in raised] == [psycopg.OperationalError]
    wait_for(lambda: is_ended(old), "the server restarts")
    again = wait_for(lambda: reconnect(connect), "the server is back")
    wait_for(lambda: is_settled(again), "the intent is settled")
    assert rows(again, "SELECT org_value::jsonb ->> 'Name' FROM sffdw.conflicts") == [("new",)]


@contextlib.contextmanager
def in_doubt() -> Iterator[None]:
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert caught.value.sqlstate == "SF012"
    assert "sffdw.maintain" in str(caught.value.diag.message_hint)


def test_case_70_a_lost_reply_is_settled_by_asking(org: Org, old: Session) -> None:
    for statement, count in ((INSERT, 1), (UPDATE, 2), (DELETE, 1)):
        before = rows(old, "SELECT name, phone FROM salesforce.account ORDER BY id")
        with org.fault("reply.lost", kind="collections", calls="1"), in_doubt():
            old.execute(statement.encode())
        assert rows(old, "SELECT name, phone FROM salesforce.account ORDER BY id") == before
        poll(old)
        maintain(old)
        assert len(rows(old, CONFLICTS)) == count, statement
        poll(old)
        local, remote = sides(org, old)
        assert local == remote, statement
        old.execute("DELETE FROM sffdw.conflict")
    wait_for(lambda: is_settled(old), "the intents are settled")


def test_a_statement_that_is_cancelled_while_it_waits_is_settled_by_asking(org: Org, old: Session) -> None:
    with org.fault("http.latency", {"ms": 20_000}, kind="collections", calls="1"), \
            pytest.raises(psycopg.errors.QueryCanceled):
        old.execute(f"SET statement_timeout = '3s'; {INSERT}".encode())
    old.execute("SET statement_timeout = 0")
    assert rows(old, "SELECT name FROM salesforce.account") == [("old",)]
    wait_for(lambda: len(org.sandbox.records("Account")) == 2, "the record is made")
    wait_for(lambda: is_settled(old), "the intents are settled")
    assert rows(old, "SELECT org_value::jsonb ->> 'Name' FROM sffdw.conflicts") == [("new",)]


def test_a_request_that_never_arrived_is_given_up_after_the_wait(org: Org, old: Session) -> None:
    with org.fault("http.status", {"status": 503}, kind="collections", calls="1"), in_doubt():
        old.execute(INSERT.encode())
    maintain(old)
    assert one(old, INTENTS) == 1
    set_options(old, in_doubt_wait_s=1)
    wait_for(lambda: is_settled(old), "the wait is over")
    assert rows(old, CONFLICTS) == []
    assert org.names() == ["old"]


COMPENSATED: list[tuple[str, dict[str, str], str]] = [
    (INSERT, {}, "deleted again in Salesforce"),
    (INSERT, {"Phone": "theirs"}, "changed in Salesforce since: left as it is"),
    (UPDATE, {}, "written back in Salesforce"),
    (UPDATE, {"Phone": "theirs"}, "changed in Salesforce since: left as it is"),
    (DELETE, {}, "a delete cannot be taken back: the record is in the recycle bin"),
]


def test_a_rollback_is_compensated_where_that_is_asked_for(org: Org, old: Session, app: Session) -> None:
    old.execute("UPDATE sffdw.connection SET options = options || %s", [Jsonb({"sync_rollback": "compensate"})])
    for statement, since, resolution in COMPENSATED:
        before, _ = sides(org, old)
        app.execute(statement.encode())
        app.rollback()
        if since:
            name = "new" if statement == INSERT else "old"
            touched = next(one for one in org.sandbox.records("Account") if one["Name"] == name)
            org.update("Account", touched["Id"], **since)
        maintain(old)
        assert {told.partition(": ")[2] for told, in rows(old, RESOLUTIONS)} == {resolution}
        maintain(old)
        poll(old)
        local, remote = sides(org, old)
        assert local == remote
        is_undone = resolution.endswith("again in Salesforce") or resolution.startswith("written back")
        assert (local == before) == is_undone
        old.execute("DELETE FROM sffdw.conflict")
    wait_for(lambda: is_settled(old), "the intents are settled")


def test_compensating_twice_changes_nothing_more(org: Org, old: Session, app: Session) -> None:
    old.execute("UPDATE sffdw.connection SET options = options || %s", [Jsonb({"sync_rollback": "compensate"})])
    app.execute(UPDATE.encode())
    app.execute(INSERT.encode())
    app.rollback()
    # A maintain whose own transaction is rolled back has sent what it has sent.
    with pytest.raises(psycopg.Error), app.transaction():
        app.execute("SELECT sffdw.settle_sync_writes(c) FROM sffdw.connection c")
        app.execute("SELECT 1 / 0")
    assert rows(old, CONFLICTS) == []
    assert org.names() == ["old"]
    mark = org.last_call()
    maintain(old)
    assert org.calls("collections", mark) == []
    assert sorted(told.partition(": ")[2] for told, in rows(old, RESOLUTIONS)) == [
        "deleted again in Salesforce", "written back in Salesforce"]


def test_a_poll_does_not_wait_for_what_is_not_committed(org: Org, old: Session, app: Session) -> None:
    app.execute(INSERT.encode())
    app.execute(UPDATE.encode())
    org.create("Account", {"Name": "theirs"})
    old.execute("SET statement_timeout = '15s'")
    # It meets a row that is locked, and a record whose row it cannot see yet.
    poll(old)
    assert rows(old, "SELECT reason FROM sffdw.deferred_row") == [("locked",)] * 2
    assert rows(old, "SELECT name, phone FROM salesforce.account ORDER BY name") == [("old", "1"), ("theirs", None)]
    app.commit()
    poll(old)
    local, remote = sides(org, old)
    assert local == remote
    assert rows(old, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("new", "9"), ("old", "2"), ("theirs", None)]
    assert rows(old, "SELECT * FROM sffdw.deferred_row") == []


def test_a_poll_puts_off_records_of_our_user_while_an_answer_is_awaited(org: Org, old: Session, app: Session,
                                                                       connect: Connect) -> None:
    watch, mark = connect(), org.last_call()
    with org.fault("http.latency", {"ms": 3000}, kind="collections", calls="1"), \
            background(lambda: app.execute(INSERT.encode())) as raised:
        wait_for(lambda: len(org.sandbox.records("Account")) == 2, "the record is made")
        poll(watch)
        assert rows(watch, "SELECT reason FROM sffdw.deferred_row") == [("locked",)]
        assert org.calls("query", mark) != []
    assert raised == []
    app.rollback()
    poll(old)
    assert [name for name, in rows(old, "SELECT name FROM salesforce.account ORDER BY name")] == ["new", "old"]


def test_a_page_that_was_read_before_undoes_nothing(org: Org, old: Session, connect: Connect) -> None:
    poller = connect()
    for revenue, (statement, phones) in enumerate({INSERT: ["1", "9"], UPDATE: ["2", "9"], DELETE: ["9"]}.items()):
        record_id = next(one["Id"] for one in org.sandbox.records("Account") if one["Name"] == "old")
        org.update("Account", record_id, AnnualRevenue=revenue)
        mark = org.last_call()
        with org.fault("http.latency", {"ms": 1500}, kind="query", calls="1"), \
                background(lambda: poll(poller)) as raised:
            wait_for(lambda mark=mark: org.calls("query", mark), "the page is asked for")  # type: ignore[misc]
            old.execute(statement.encode())
        assert not raised
        for _ in range(2):
            assert [one for one, in rows(old, "SELECT phone FROM salesforce.account ORDER BY id")] == phones
            poll(old)
        local, remote = sides(org, old)
        assert local == remote


def work(session: Session, seed: int, refused: list[str]) -> None:
    """Transactions of an app on rows of its own and of all, of which some are rolled back."""
    chance = random.Random(seed)
    for number in range(15):
        statement, values = chance.choice([
            ("INSERT INTO salesforce.account (name, phone) SELECT %s || n, 'x' FROM generate_series(1, 2) n",
             [f"{seed}-{number}-"]),
            ("UPDATE salesforce.account SET phone = %s WHERE name = 'shared'", [f"{seed}.{number}"]),
            ("UPDATE salesforce.account SET annualrevenue = %s WHERE name LIKE %s", [number, f"{seed}-%"]),
            ("DELETE FROM salesforce.account WHERE id = (SELECT min(id) FROM salesforce.account WHERE name LIKE %s)",
             [f"{seed}-%"])])
        try:
            session.execute(statement.encode(), values)
            session.execute("ROLLBACK" if chance.random() < 0.3 else "COMMIT")
        except psycopg.Error as error:
            detail = (error.diag.message_detail or "") if error.sqlstate == "SF010" else ""
            refused.append(f"{error.sqlstate} {GONE if GONE in detail else ''}".strip())
            session.rollback()


def test_a_row_whose_delete_was_rolled_back_is_refused_until_the_next_poll_removes_it(org: Org, old: Session) -> None:
    old.execute(b"BEGIN; DELETE FROM salesforce.account; ROLLBACK")
    with pytest.raises(psycopg.Error) as caught:
        old.execute(UPDATE.encode())
    assert (caught.value.sqlstate, GONE in str(caught.value.diag.message_detail)) == ("SF010", True)
    maintain(old)
    poll(old)
    old.execute(UPDATE.encode())
    assert rows(old, "SELECT name FROM salesforce.account") == [] == org.names()


@pytest.mark.parametrize("mode", ["report", "compensate"])
def test_case_70_both_sides_agree_after_rollbacks_and_lost_replies_while_polls_run(org: Org, old: Session,
                                                                                  connect: Connect, mode: str) -> None:
    set_options(old, in_doubt_wait_s=2)
    old.execute("UPDATE sffdw.connection SET options = options || %s", [Jsonb({"sync_rollback": mode})])
    old.execute("INSERT INTO salesforce.account (name) VALUES ('shared')")
    apps, upkeep, refused = [connect(autocommit=False) for _ in range(2)], connect(), list[str]()
    with org.fault("reply.lost", kind="collections", calls="every 8"), \
            background(lambda: work(apps[0], 1, refused)) as first, \
            background(lambda: work(apps[1], 2, refused)) as second:
        for _ in range(10):
            poll(old)
            maintain(upkeep)
    assert first == second == []
    # On a slow machine an app meets rows whose delete was rolled back before upkeep and a poll have removed them.
    assert "SF012" in refused
    assert set(refused) <= {"SF012", f"SF010 {GONE}"}
    wait_for(lambda: is_settled(old), "the intents are settled")
    for _ in range(2):
        poll(old)
    local, remote = sides(org, old)
    assert local == remote
    assert len(set(org.names())) == len(org.names())
    assert one(old, "SELECT count(*) FROM sffdw.conflicts WHERE resolution LIKE 'rolled back here %'") > 0
    assert rows(old, "SELECT * FROM sffdw.deferred_row") == []


def test_an_error_of_the_org_does_not_stop_the_upkeep(org: Org, old: Session) -> None:
    with org.fault("reply.lost", kind="collections", calls="1"), in_doubt():
        old.execute(INSERT.encode())
    with org.fault("limit.daily"):
        maintain(old)
    assert one(old, "SELECT event FROM sffdw.log ORDER BY log_id DESC LIMIT 1") == "SYNC WRITES UNSETTLED"
    assert one(old, INTENTS) == 1
    wait_for(lambda: is_settled(old), "the intents are settled")


def test_what_a_rollback_does_is_an_option_of_the_connection(live: Session) -> None:
    create = "SELECT sffdw.create_connection('sf', options => %s)"
    for value in ("undo", 1):
        with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
            live.execute(create, [Jsonb({"sync_rollback": value})])
        assert "compensate" in str(caught.value.diag.message_hint)
    live.execute(create, [Jsonb({"sync_rollback": "report"})])
