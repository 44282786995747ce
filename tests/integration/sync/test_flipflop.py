"""The flip-flop hunt: of quick double updates an observer sees a part of what was committed, in order, no value twice.

`make flipflop` makes 5,000 of them, `make test` as many as seconds allow. Values are numbers that only grow: one that
is lower than one seen before of the same record has come back.
"""

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.integration.sync.org import Org, background, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]

DOUBLES = int(os.environ.get("SFFDW_FLIPFLOP_DOUBLES", "60"))
RECORDS = min(200, max(10, DOUBLES // 25))
LOOK_S = 0.02


@dataclass
class Observer:
    """Looks at all rows every 20 ms; keeps what it has seen of each record."""

    session: Session
    looks: int = 0
    seen: dict[int, list[int]] = field(default_factory=dict)

    def look(self) -> None:
        self.looks += 1
        for row_id, phone in rows(self.session, "SELECT id, phone FROM salesforce.account"):
            values = self.seen.setdefault(row_id, [])
            if not values or values[-1] != int(phone):
                values.append(int(phone))

    def returned(self) -> list[tuple[int, int, int]]:
        """Values that were followed by an older one: record, value, what came after it."""
        return [(row_id, before, after) for row_id, values in self.seen.items()
                for before, after in itertools.pairwise(values) if after <= before]


@dataclass
class Hunt:
    """The sessions that work at the same time: an app, a poller at full speed, a writer and the observer."""

    app: Session
    poller: Session
    writer: Session
    observer: Observer
    polls: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    has_looked: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.is_over.wait(LOOK_S):
            self.observer.look()
            self.has_looked.set()

    def poll(self) -> None:
        while not self.is_over.is_set():
            poll(self.poller)
            self.polls += 1

    def write(self) -> None:
        while not self.is_over.is_set():
            write(self.writer)

    def double(self, ids: list[int], numbers: Iterator[int]) -> None:
        """Two updates of a record right after each other, each a transaction, then a look of the observer."""
        row_id = ids[(next(numbers) // 3) % len(ids)]
        for _ in range(2):
            self.app.execute("UPDATE salesforce.account SET phone = %s WHERE id = %s", [str(next(numbers)), row_id])
        self.has_looked.clear()
        assert self.has_looked.wait(60), "the observer looks on"


def start(org: Org, account: Session, connect: Any) -> tuple[Hunt, list[int]]:
    org.create("Account", *({"Name": f"record {number}", "Phone": "0"} for number in range(RECORDS)))
    # A backlog on purpose: as many changes as this would wait for a person.
    set_options(account, hold_rows=1_000_000)
    poll(account)
    ids = [row[0] for row in rows(account, "SELECT id FROM salesforce.account ORDER BY id")]
    observer = Observer(connect())
    observer.look()
    return Hunt(account, connect(), connect(), observer), ids


def test_case_65_of_quick_double_updates_an_observer_sees_no_value_return(
        org: Org, account: Session, connect: Any) -> None:
    hunt, ids = start(org, account, connect)
    numbers = itertools.count(1)
    with background(hunt.poll) as polled, background(hunt.write) as written, background(hunt.watch) as watched:
        try:
            for _ in range(DOUBLES):
                hunt.double(ids, numbers)
            wait_for(lambda: not one(account, "SELECT EXISTS (SELECT FROM salesforce._trigger_log "
                                              "WHERE state IN ('NEW', 'PENDING'))"), "all is sent", 600)
            done = hunt.polls
            wait_for(lambda: hunt.polls >= done + 2 or polled, "what was sent last is polled", 60)
        finally:
            hunt.is_over.set()
    assert polled == written == watched == []
    hunt.observer.look()
    assert hunt.observer.returned() == []
    assert {len(values) > 1 for values in hunt.observer.seen.values()} == {True}, "every record was seen changing"
    assert rows(account, "SELECT DISTINCT state FROM salesforce._trigger_log") == [("SUCCESS",)]
    local = dict(rows(account, "SELECT sfid, phone FROM salesforce.account"))
    assert local == {record["Id"]: record["Phone"] for record in org.sandbox.records("Account")}
    print(f"flipflop: ok doubles={DOUBLES} records={RECORDS} polls={hunt.polls} looks={hunt.observer.looks} "
          f"seen={sum(len(values) for values in hunt.observer.seen.values())} returned=0")


def test_the_hunt_sees_a_value_return_where_nothing_protects_it(
        org: Org, account: Session, connect: Any, database: Session) -> None:
    hunt, ids = start(org, account, connect)
    database.execute("CREATE OR REPLACE FUNCTION sffdw.protect_stage(connection sffdw.connection, "
                     "mapping sffdw.mapping, stage text, read_at timestamptz) RETURNS void LANGUAGE sql AS ''")
    database.commit()
    numbers = itertools.count(1)
    with background(hunt.poll) as polled, background(hunt.watch) as watched:
        try:
            def double() -> bool:
                hunt.double(ids, numbers)
                return bool(hunt.observer.returned())
            wait_for(double, "a value returns", 60)
        finally:
            hunt.is_over.set()
    assert polled == watched == []
