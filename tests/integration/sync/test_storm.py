"""Everything at once, for some seconds: apps, the org and both loops at work while backends die and replies are lost.

`make storm` in small: each change reaches the org once and in order, and in the end both sides are equal.
"""

import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from tests.integration.sync.org import Org, background, one, poll, rows, set_options, wait_for, write
from tests.storm.database import map_object
from tests.storm.oracle import compare
from tests.storm.outbound.apps import LEDGER, App
from tests.storm.outbound.guests import Guests
from tests.storm.outbound.journal import Journal
from tests.storm.outbound.kinds import TARGETS, WRITTEN, define
from tests.storm.outbound.oracle import OPEN, judge

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]
SECONDS = 8
CHANGES = 200
LONGEST_LATE_COMMIT_S = 3


@dataclass(frozen=True)
class Place:
    """The test's database."""

    connect: Connect

    def session(self) -> Session:
        return self.connect()

    def ask(self, query: str, values: Any = None, /) -> list[tuple[Any, ...]]:
        with self.connect() as session:
            return rows(session, query, *(values or ()))


def loop(connect: Connect, call: str, pids: dict[str, int], over: threading.Event) -> None:
    while not over.is_set():
        session = connect()
        pids[call] = session.info.backend_pid
        with contextlib.suppress(psycopg.errors.AdminShutdown):
            session.execute(call)


def end_backends(session: Session, pids: dict[str, int], over: threading.Event) -> None:
    dice = random.Random(1)
    while not over.wait(0.5 + dice.random()):
        for pid in dice.sample(list(pids.values()), 1):
            session.execute("SELECT pg_terminate_backend(%s)", [pid])


def is_all_sent(session: Session) -> bool:
    write(session)
    return bool(one(session, OPEN) == 0)


def is_equal(org: Org, session: Session, place: Place) -> bool:
    poll(session)
    return compare(org.sandbox, place, TARGETS) == []


def test_both_sides_are_equal_after_a_storm(sandbox: Any, connection: Session, connect: Connect) -> None:
    org, place, journal = Org(sandbox), Place(connect), Journal(CHANGES)
    define(sandbox.call)
    set_options(connection, in_doubt_wait_s=2 * LONGEST_LATE_COMMIT_S)
    connection.execute(LEDGER)
    for target in TARGETS:
        map_object(connection, target.name, target.mapped, {**WRITTEN, **target.mapping})
    poll(connection)
    over, pids = threading.Event(), dict[str, int]()
    kinds = ["collections", "composite"]
    with contextlib.ExitStack() as stack:
        for name, params, when in [
                ("reply.lost", {}, {"kind": kinds, "probability": 0.06}),
                ("reply.lost", {"commit_after_s": LONGEST_LATE_COMMIT_S}, {"kind": kinds, "probability": 0.04}),
                ("row.locked", {"every": 5}, {"kind": kinds, "probability": 0.2}),
                ("dml.error", {"every": 3, "message": "not now"}, {"kind": kinds, "probability": 0.1}),
                ("http.status", {"status": 503}, {"kind": [*kinds, "query"], "probability": 0.03})]:
            stack.enter_context(org.fault(name, params, **when, seed=name))
        apps = [App(place, journal, 1, number, SECONDS) for number in range(2)]
        actions: list[Callable[[], None]] = [
            partial(end_backends, connect(), pids, over),
            *(partial(loop, connect, f"CALL sffdw.{job}max_duration => '15 s', lane => 1)", pids, over)
              for job in ("poll(force => false, ", "write(")),
            partial(Guests(sandbox, 1, CHANGES // 5, SECONDS).run, over)]
        raised = [stack.enter_context(background(action)) for action in actions]
        with contextlib.ExitStack() as working:
            raised += [working.enter_context(background(partial(app.run, over))) for app in apps]
        over.set()
        connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [list(pids.values())])
    assert not any(raised)
    wait_for(lambda: is_all_sent(connection), "everything is sent", 60)
    assert judge(journal.steps, place, sandbox) == {}
    connection.execute("SELECT sffdw.retry()")
    wait_for(lambda: is_all_sent(connection), "what was rejected is sent again", 60)
    wait_for(lambda: is_equal(org, connection, place), "both sides are equal", 60)
