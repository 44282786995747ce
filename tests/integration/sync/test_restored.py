"""Databases that are copied, set back or filled from a dump: nothing is written by itself, and nothing twice."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import OWNER
from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
COPY = "sffdw_copy"
CONTACTS = "SELECT lastname, sfid IS NOT NULL FROM salesforce.contact ORDER BY lastname"


def captured(session: Session) -> None:
    """Two rows are new, one of them upserted by an identifier, and one that is in Salesforce is changed."""
    session.execute("INSERT INTO salesforce.contact (lastname, birthdate) VALUES ('new', '1990-01-02')")
    session.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('new', 'x')")
    session.execute("UPDATE salesforce.contact SET phone = '1' WHERE lastname = 'old'")


@pytest.fixture
def both(org: Org, account: Session, contact: Session) -> Session:
    org.create("Contact", {"LastName": "old"})
    poll(contact)
    return contact


@pytest.fixture
def copies(both: Session, database: Session, cluster: Any) -> Iterator[Callable[[], tuple[Session, Session]]]:
    """Copy the database as it is; sessions of it and of the copy."""
    place = {"host": both.info.host, "port": both.info.port, "user": OWNER, "autocommit": True}
    name, opened = both.info.dbname, []

    def copy() -> tuple[Session, Session]:
        both.close()
        database.close()
        cluster.psql("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                 f"WHERE datname = '{name}'; CREATE DATABASE {COPY} TEMPLATE {name};")
        opened.extend(psycopg.connect(**place, dbname=dbname) for dbname in (name, COPY))
        return opened[0], opened[1]

    yield copy
    for session in opened:
        session.close()
    cluster.psql("postgres", f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE);")


def test_case_73_a_copy_of_the_database_on_the_same_server_writes_and_deletes_nothing(
        org: Org, both: Session, copies: Callable[[], tuple[Session, Session]]) -> None:
    captured(both)
    original, copy = copies()
    mark = org.last_call()
    for call in ("write()", "poll()", "write()"):
        with pytest.raises(psycopg.Error) as raised:
            copy.execute(f"CALL sffdw.{call}")
        assert raised.value.sqlstate == "SF002"
    assert one(copy, "SELECT last_error FROM sffdw.connection").endswith("the database differs")
    assert org.calls("collections", mark) + org.calls("query", mark) == []
    write(original)
    assert org.names("Contact", "LastName") == ["new", "old"]


def test_case_72_what_was_sent_before_the_database_was_set_back_is_not_sent_again(
        org: Org, both: Session, copies: Callable[[], tuple[Session, Session]]) -> None:
    captured(both)
    ahead, restored = copies()
    write(ahead)
    assert one(ahead, "SELECT count(*) FROM salesforce.contact WHERE sfid IS NOT NULL") == 2
    with pytest.raises(psycopg.Error):
        write(restored)
    restored.execute("INSERT INTO salesforce.contact (lastname) VALUES ('never sent')")
    restored.execute("SELECT sffdw.recover(accept_cluster => true)")
    poll(restored)
    write(restored)
    restored.execute("UPDATE sffdw.write_claim SET doubtful_at = doubtful_at - interval '1 hour', next_try_at = NULL")
    write(restored)
    poll(restored)
    assert org.names("Contact", "LastName") == ["never sent", "new", "old"]
    assert org.names() == ["new"]
    assert rows(restored, CONTACTS) == [("never sent", True), ("new", True), ("old", True)]
    assert {state for _, state in log(restored)} == {"SUCCESS"}
    assert rows(restored, "SELECT * FROM sffdw.deferred_row") == []


def phase(session: Session) -> str:
    return str(one(session, "SELECT phase FROM sffdw.ingest_job"))


@pytest.mark.parametrize("known", ["claimed", "created", "uploaded"])
def test_case_72_a_bulk_job_that_was_carried_out_before_the_database_was_set_back_is_not_repeated(
        org: Org, both: Session, copies: Callable[[], tuple[Session, Session]], known: str) -> None:
    set_options(both, bulk_write_threshold=10)
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    both.execute("INSERT INTO salesforce.contact (lastname) SELECT 'C ' || n FROM generate_series(1, 12) n")
    step = "SELECT sffdw.ingest_step(connection_id) FROM sffdw.connection"
    both.execute(step)
    while phase(both) != known:
        both.execute(step)
    ahead, restored = copies()
    write(ahead)
    want = org.names("Contact", "LastName")
    assert len(want) == 13
    with pytest.raises(psycopg.Error):
        write(restored)
    restored.execute("SELECT sffdw.recover(accept_cluster => true)")
    write(restored)
    restored.execute("UPDATE sffdw.write_claim SET doubtful_at = doubtful_at - interval '1 hour', next_try_at = NULL")
    write(restored)
    poll(restored)
    assert org.names("Contact", "LastName") == want
    assert sorted(rows(restored, CONTACTS)) == [(name, True) for name in want]
    assert rows(restored, "SELECT * FROM sffdw.ingest_job") == []


def test_case_74_a_standby_that_has_not_seen_the_last_claims_and_results_asks_before_it_sends(
        org: Org, both: Session, copies: Callable[[], tuple[Session, Session]]) -> None:
    org.create("Contact", {"LastName": "to delete"})
    poll(both)
    captured(both)
    both.execute("DELETE FROM salesforce.contact WHERE lastname = 'to delete'")
    batch = one(both, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    both.execute("INSERT INTO salesforce.contact (lastname, birthdate) VALUES ('claimed later', '1991-02-03')")
    both.execute("UPDATE salesforce.contact SET birthdate = '1980-01-01' WHERE lastname = 'old'")
    primary, standby = copies()
    # The results of the claims that the standby knows, and claims that it does not.
    primary.execute("SELECT sffdw.send_batch(connection_id, %s) FROM sffdw.connection", [batch])
    write(primary)
    assert {state for _, state in log(primary)} == {"SUCCESS"}
    want, mark = org.names("Contact", "LastName"), org.last_call()
    assert (want, org.names()) == (["claimed later", "new", "old"], ["new"])
    with pytest.raises(psycopg.Error):
        write(standby)
    assert org.calls("collections", mark) == []
    standby.execute("SELECT sffdw.recover(accept_cluster => true)")
    write(standby)
    poll(standby)
    assert (org.names("Contact", "LastName"), org.names()) == (want, ["new"])
    assert {state for _, state in log(standby)} == {"SUCCESS"}
    assert rows(standby, CONTACTS) == [(name, True) for name in want]
    assert rows(standby, "SELECT phone, birthdate::text FROM salesforce.contact WHERE lastname = 'old'") == [
        ("1", "1980-01-01")]
    assert one(standby, "SELECT sfid IS NOT NULL FROM salesforce.account")


def test_case_74_what_the_old_server_sends_late_is_not_sent_by_the_new_one(
        org: Org, both: Session, copies: Callable[[], tuple[Session, Session]]) -> None:
    """It was captured, and some of it claimed, long before: that says nothing of what is on its way now."""
    insert = "INSERT INTO salesforce.contact (lastname) VALUES (%s)"
    claim = "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection"
    both.execute(insert, ["claimed"])
    batches = [one(both, claim)]
    both.execute(insert, ["queued"])
    both.execute("UPDATE salesforce._trigger_log SET created_at = created_at - interval '1 hour'")
    both.execute("UPDATE sffdw.write_claim SET claimed_at = claimed_at - interval '1 hour'")
    ahead, standby = copies()
    batches.append(one(ahead, claim))
    with pytest.raises(psycopg.Error):
        write(standby)
    standby.execute("SELECT sffdw.recover(accept_cluster => true)")
    write(standby)
    assert log(standby) == [("INSERT", "PENDING")] * 2
    for batch in batches:
        ahead.execute("SELECT sffdw.send_batch(connection_id, %s) FROM sffdw.connection", [batch])
    standby.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(standby)
    assert log(standby) == [("INSERT", "SUCCESS")] * 2
    assert org.names("Contact", "LastName") == ["claimed", "old", "queued"]


@pytest.mark.parametrize("triggers", ["on", "off"])
def test_case_77_rows_that_are_restored_from_a_dump_are_not_sent_twice(org: Org, both: Session,
                                                                       triggers: str) -> None:
    captured(both)
    dumped = ("contact", "_trigger_log")
    for table in dumped:
        both.execute(f"CREATE TEMPORARY TABLE dump_{table} AS TABLE salesforce.{table}")
    write(both)
    poll(both)
    both.execute("CALL sffdw.maintain()")
    for table in dumped:
        both.execute(f"TRUNCATE salesforce.{table}")
    if triggers == "off":
        both.execute("ALTER TABLE salesforce.contact DISABLE TRIGGER USER")
    for table in dumped:
        both.execute(f"INSERT INTO salesforce.{table} SELECT * FROM dump_{table} ON CONFLICT DO NOTHING")
    both.execute("ALTER TABLE salesforce.contact ENABLE TRIGGER USER")
    for _ in range(3):
        write(both)
    both.execute("SELECT sffdw.reload()")
    poll(both)
    assert org.names("Contact", "LastName") == ["new", "old"]
    assert org.names() == ["new"]
    assert rows(both, CONTACTS) == [("new", True), ("old", True)]
    assert {state for action, state in log(both) if action == "INSERT"} <= {"IGNORED", "SUCCESS"}
    both.execute("CALL sffdw.maintain(at => now() + interval '1 hour')")
    assert log(both) == []
