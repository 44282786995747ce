"""Cancel, timeouts and termination while a wrapper is busy, and what worker threads leave behind."""

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tools.cluster import Cluster

from .conftest import Connection, make_table

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Extension'"


@pytest.fixture
def watch(cluster: Cluster, connect: Callable[..., Connection]) -> Iterator[Connection]:
    """A session to look on from; at the end, the server must have run through without a crash."""
    session = connect()
    started = session.execute("SELECT pg_postmaster_start_time()").fetchone()
    log_start = Path(cluster.log).stat().st_size
    yield session
    assert session.execute("SELECT pg_postmaster_start_time()").fetchone() == started
    log = Path(cluster.log).read_text("utf-8")[log_start:]
    assert "was terminated by signal" not in log and "reinitializing" not in log


def wait_until(session: Connection, query: str, parameters: list[Any], want: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        [(found,)] = session.execute(query, parameters).fetchall()
        if found == want:
            return
        assert time.monotonic() < deadline, f"{found}, not {want}"
        session.execute("SELECT pg_sleep(0.02)")


@pytest.mark.parametrize("way", ["", "clumsy", "swallow"])
def test_statement_timeout_ends_a_blocked_read(db: Connection, watch: Connection, way: str) -> None:
    make_table(db, "t", "Blocked", "v text", way=way)
    db.execute("SET statement_timeout = '300ms'")
    for _ in range(2):
        start = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            db.execute("SELECT * FROM t")
        assert 0.25 < time.monotonic() - start < 1.5
    db.execute("SET statement_timeout = 0")
    assert db.execute("SELECT 1").fetchone() == (1,)


def test_worker_that_does_not_return_is_left_behind(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Blocked", "v text", way="deaf")
    pid = db.info.backend_pid
    db.execute("SET statement_timeout = '100ms'")
    start = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
        db.execute("SELECT * FROM t")
    assert time.monotonic() - start < 4
    db.close()
    wait_until(watch, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid], 0)


def test_cancel_request_ends_a_blocked_read(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Blocked", "v text")
    db.execute("SET application_name = 'to cancel'")
    found: list[BaseException] = []

    def read() -> None:
        try:
            db.execute("SELECT * FROM t")
        except psycopg.Error as error:
            found.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    wait_until(watch, WAITING, ["to cancel"], 1)
    db.cancel()
    thread.join(5)
    assert [type(error) for error in found] == [psycopg.errors.QueryCanceled]
    assert db.execute("SELECT 1").fetchone() == (1,)


def test_cancelled_read_inside_an_exception_block(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Blocked", "v text")
    db.execute("SET statement_timeout = '200ms'")
    db.execute("CREATE TABLE found (state text)")
    db.execute("DO $$BEGIN PERFORM * FROM t; "
               "EXCEPTION WHEN query_canceled THEN INSERT INTO found VALUES (SQLSTATE); END$$")
    assert db.execute("SELECT * FROM found").fetchall() == [("57014",)]


def test_python_loop_that_asks_is_interrupted(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Spin", "v text")
    db.execute("SET statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        db.execute("SELECT * FROM t")


def test_long_scan_is_interrupted_between_rows(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Series", "a int, b text, c float8", count="1000000000")
    db.execute("SET statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        db.execute("SELECT count(*) FROM t")


def test_busy_python_code_is_broken_off(connect: Callable[..., Connection], db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Busy", "v text")
    make_table(db, "s", "Busy", "v text", way="swallow")
    sessions = [connect() for _ in range(3)]
    ends = ("cancel", "terminate", "cancel")
    for session, table in zip(sessions, "tts", strict=True):
        session.pgconn.send_query(f"SELECT * FROM {table}".encode())
    for session, end in zip(sessions, ends, strict=True):
        assert select.select([session.fileno()], [], [], 20)[0], "no word that the loop has begun"
        watch.execute(f"SELECT pg_{end}_backend({session.info.backend_pid})")
    start = time.monotonic()
    errors = [session.pgconn.get_result().error_field(psycopg.pq.DiagnosticField.SQLSTATE) for session in sessions]
    assert errors == [b"57014", b"57P01", b"57014"]
    assert 2 < time.monotonic() - start < 8


def test_message_of_a_cancelled_worker_is_dropped(db: Connection, watch: Connection) -> None:
    make_table(db, "t", "Blocked", "v text", way="noisy")
    make_table(db, "w", "Worker", "v text", way="log")
    seen: list[str | None] = []
    db.add_notice_handler(lambda notice: seen.append(notice.message_primary))
    db.execute("SET statement_timeout = '100ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        db.execute("SELECT * FROM t")
    db.execute("SET statement_timeout = 0")
    db.execute("SELECT * FROM w")
    assert seen == ["from the worker"]


def start_blocked_reads(stack: ExitStack, connect: Callable[..., Connection], count: int) -> list[Connection]:
    sessions = [connect() for _ in range(count)]
    for session in sessions:
        session.execute("SET application_name = 'to terminate'")
        session.pgconn.send_query(b"SELECT * FROM t")
        stack.callback(session.close)
    return sessions


@pytest.mark.parametrize("way", ["", "deaf"])
def test_hundred_backends_terminated_in_blocked_reads(
    connect: Callable[..., Connection], db: Connection, watch: Connection, way: str
) -> None:
    count = 100 if way == "" else 10
    make_table(db, "t", "Blocked", "v text", way=way)
    with ExitStack() as stack:
        start_blocked_reads(stack, connect, count)
        wait_until(watch, WAITING, ["to terminate"], count)
        watch.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to terminate'")
        wait_until(watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", ["to terminate"], 0)


def test_client_that_vanishes_in_a_blocked_read(
    connect: Callable[..., Connection], db: Connection, watch: Connection
) -> None:
    make_table(db, "t", "Blocked", "v text")
    session = connect()
    session.execute("SET application_name = 'to vanish'; SET client_connection_check_interval = '100ms'")
    session.pgconn.send_query(b"SELECT * FROM t")
    wait_until(watch, WAITING, ["to vanish"], 1)
    session.close()
    wait_until(watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", ["to vanish"], 0)
    assert watch.execute("SELECT count(*) FROM t WHERE false").fetchone() == (0,)


def test_other_interrupts_do_not_end_a_blocked_read(
    connect: Callable[..., Connection], db: Connection, watch: Connection
) -> None:
    make_table(db, "t", "Blocked", "v text")
    session = connect()
    session.execute("SET application_name = 'to disturb'")
    session.pgconn.send_query(b"SELECT * FROM t")
    wait_until(watch, WAITING, ["to disturb"], 1)
    watch.execute("SELECT pg_log_backend_memory_contexts(pid) FROM pg_stat_activity "
                  "WHERE application_name = 'to disturb'")
    watch.execute("SELECT pg_reload_conf()")
    # Creating and dropping a database waits until every backend has served a barrier.
    watch.execute("CREATE DATABASE barrier")
    watch.execute("DROP DATABASE barrier")
    wait_until(watch, WAITING, ["to disturb"], 1)
    assert session.pgconn.is_busy()
    session.close()
    watch.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to disturb'")


def test_worker_starts_with_signals_blocked_and_leaves_no_thread(db: Connection) -> None:
    make_table(db, "t", "Worker", "v text", way="signals")
    for _ in range(3):
        (mask,), (threads,) = db.execute("SELECT * FROM t").fetchall()
        # All 64 but SIGKILL, SIGSTOP and the two that the C library keeps for itself.
        assert int(mask, 16) == 0xFFFFFFFE7FFBFEFF
        assert threads == "1"


def test_exception_of_a_worker_is_the_statements_error(db: Connection) -> None:
    make_table(db, "t", "Worker", "v text", way="fail")
    with pytest.raises(psycopg.Error) as caught:
        db.execute("SELECT * FROM t")
    assert (caught.value.sqlstate, caught.value.diag.message_hint) == ("SF005", "Try again.")


def test_message_of_a_worker_waits_for_its_end(db: Connection) -> None:
    make_table(db, "t", "Worker", "v text", way="log")
    seen: list[str | None] = []
    db.add_notice_handler(lambda notice: seen.append(notice.message_primary))
    assert db.execute("SELECT * FROM t").fetchall() == [("done",), ("1",)]
    assert seen == ["from the worker"]


def test_worker_is_turned_away_by_the_backend(db: Connection) -> None:
    make_table(db, "t", "Worker", "v text", way="ask")
    with pytest.raises(psycopg.Error, match="only the backend's own thread may ask the backend"):
        db.execute("SELECT * FROM t")
