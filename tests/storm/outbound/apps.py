"""Local sessions at work: transactions drawn by seed, each with a receipt that says afterwards whether it committed.

The receipt is asked for when a COMMIT's answer was lost with its server; only when the lost backend is gone, for until
then the server that is about to be restarted does not know what it has written.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from tests.storm.outbound.journal import Journal, Step
from tests.storm.outbound.kinds import ACCOUNT, CONTACT, EXTERNAL_ID, TARGETS, WAVE, Target

Session = psycopg.Connection[Any]
Statement = Callable[[Session], list[Step]]
LEDGER = """
CREATE SCHEMA IF NOT EXISTS storm;
CREATE SEQUENCE storm.ticket;
CREATE TABLE storm.receipt (number text PRIMARY KEY);
"""
LARGEST = 8
# So many of the changes are inserts of groups of 2 to 5 equal rows, 500 of 20,000. Groups are begun while there are not
# some more, for what is rolled back may leave a group with one row.
EQUAL_SHARE, EQUAL_MARGIN = 0.025, 1.2
DEEDS = {"insert": 30, "update": 50, "delete": 9, "family": 5, "insert and update": 4, "insert and delete": 2}
RECEIPT = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND backend_start = %s),
       EXISTS (SELECT FROM storm.receipt WHERE number = %s)"""


class Place(Protocol):
    """Where sessions come from, through outages."""

    def session(self) -> Session: ...

    def ask(self, query: str, values: list[Any], /) -> list[tuple[Any, ...]]: ...


@dataclass
class App:
    """One session after the other, one transaction after the other, paced so that all apps last `seconds`."""

    place: Place
    journal: Journal
    seed: int
    number: int
    seconds: float
    insert_count: int = 0
    transaction_count: int = 0
    owed: list[Statement] = field(default_factory=list)  # the rest of a group of equal rows

    def __post_init__(self) -> None:
        self.dice = random.Random(f"app {self.seed} {self.number}")

    def run(self, over: threading.Event) -> None:
        began = time.monotonic()
        while not self.journal.is_full and not over.is_set():
            try:
                with self.place.session() as session:
                    started = session.execute("SELECT backend_start FROM pg_stat_activity "
                                              "WHERE pid = pg_backend_pid()").fetchone()
                    assert started is not None
                    session.autocommit = False
                    while not self.journal.is_full and not over.is_set():
                        paced = self.journal.count / self.journal.wanted * self.seconds
                        over.wait(max(0.001, began + paced - time.monotonic()))
                        self._transact(session, started[0])
            except psycopg.OperationalError:
                over.wait(0.1)

    def _transact(self, session: Session, started: Any) -> None:
        """One transaction; raises OperationalError when the session is lost."""
        self.transaction_count += 1
        receipt = f"{self.number}-{self.transaction_count}"
        steps: list[Step] = []
        is_asked = False
        try:
            session.execute("INSERT INTO storm.receipt VALUES (%s)", [receipt])
            for statement in self._draw(session):
                steps += statement(session)
            is_asked = True
            session.commit()
        except psycopg.OperationalError:
            if not session.broken:
                session.rollback()  # a deadlock of two apps
                self.journal.note("rolled back")
                return
            if is_asked and self._is_committed(session.info.backend_pid, started, receipt):
                self.journal.note("committed without an answer")
                self.journal.commit(steps)
            else:
                self.journal.note("lost with the server")
            raise
        self.journal.commit(steps)

    def _is_committed(self, pid: int, started: Any, receipt: str) -> bool:
        deadline = time.monotonic() + 120
        while True:
            is_there, has_receipt = self.place.ask(RECEIPT, [pid, started, receipt])[0]
            if not is_there:
                return bool(has_receipt)
            if time.monotonic() > deadline:
                raise TimeoutError(f"backend {pid} does not end")
            time.sleep(0.05)

    # What a transaction does

    def _draw(self, session: Session) -> list[Statement]:
        if self.owed:
            return [self.owed.pop()]
        if self.journal.equal_count < EQUAL_SHARE * EQUAL_MARGIN * self.journal.count:
            return self._draw_equal()
        found: list[Statement] = []
        rows: list[tuple[int, int, Statement]] = []
        for _ in range(self.dice.randint(1, LARGEST)):
            deed = self.dice.choices(list(DEEDS), list(DEEDS.values()))[0]
            if deed in ("update", "delete"):
                rows += self._draw_row(session, deed)
            else:
                found += self._draw_insert(deed)
        # Rows are locked in one order by all, which leaves few deadlocks.
        return [*found, *(one[2] for one in sorted(rows, key=lambda one: one[:2]))]

    def _draw_row(self, session: Session, deed: str) -> list[tuple[int, int, Statement]]:
        """A change of a row that is there, whoever made it."""
        kind = self.dice.randrange(len(TARGETS))
        target = TARGETS[kind]
        chance = self.dice.random()
        row = session.execute(
            f"SELECT t.id FROM {target.table} t WHERE t.id >= %s * (SELECT max(id) FROM {target.table}) "
            "ORDER BY t.id LIMIT 1", [chance]).fetchone()
        if row is None:
            return []
        if deed == "delete":
            return [(kind, row[0], lambda session: delete(session, target, row[0]))]
        values = self._moved(target)
        return [(kind, row[0], lambda session: update(session, target, row[0], values))]

    def _draw_insert(self, deed: str) -> list[Statement]:
        if deed == "family":
            parent = self._fresh(ACCOUNT, with_key=True)
            children = [self._fresh(CONTACT) | {f"Account__{EXTERNAL_ID}": parent[EXTERNAL_ID]} for _ in range(2)]
            return [lambda session: insert(session, ACCOUNT, parent),
                    *(lambda session, child=child: insert(session, CONTACT, child) for child in children)]
        target = self.dice.choice(TARGETS)
        values = self._fresh(target, with_key=self.dice.random() < 0.7)
        if deed == "insert":
            return [lambda session: insert(session, target, values)]
        more = self._moved(target)

        def in_one(session: Session) -> list[Step]:
            (made,) = insert(session, target, values)
            then = (update(session, target, made.row_id, more) if deed == "insert and update"
                    else delete(session, target, made.row_id))
            return [made, *then]

        return [in_one]

    def _draw_equal(self) -> list[Statement]:
        """Rows equal in every field, in one transaction or in several."""
        target = self.dice.choice([CONTACT, WAVE])
        values = self._fresh(target)
        group: list[Statement] = [lambda session: insert(session, target, values, is_equal=True)
                                  for _ in range(self.dice.randint(2, 5))]
        if self.dice.random() < 0.5:
            return group
        self.owed = group[1:]
        return group[:1]

    def _fresh(self, target: Target, *, with_key: bool = False) -> dict[str, Any]:
        self.insert_count += 1
        marker = f"{self.number}-{self.insert_count}"
        key = {EXTERNAL_ID: f"K{marker}"} if with_key and target is ACCOUNT else {}
        return {target.label: f"N {marker}", "Marker__c": marker, **key, **self._moved(target)}

    def _moved(self, target: Target) -> dict[str, Any]:
        if target is WAVE:
            return {"Height__c": self.dice.randrange(10**6) / 10**4}
        return {"Phone": f"+49 {self.dice.randrange(10**9)}"}


def insert(session: Session, target: Target, values: dict[str, Any], *, is_equal: bool = False) -> list[Step]:
    ticket = "NULL" if is_equal else "nextval('storm.ticket')"
    marks = ", ".join(["%s"] * len(values))
    row = session.execute(f"INSERT INTO {target.table} ({', '.join(values)}, ticket__c) VALUES ({marks}, {ticket}) "
                          "RETURNING id, ticket__c", list(values.values())).fetchone()
    assert row is not None
    return [Step(target.name.lower(), row[0], "INSERT", number(row[1]), values["Marker__c"])]


def update(session: Session, target: Target, row_id: int, values: dict[str, Any]) -> list[Step]:
    """The ticket is drawn anew when the row was locked by another transaction."""
    changes = ", ".join(f"{name} = %s" for name in values)
    rows = session.execute(f"UPDATE {target.table} SET {changes}, ticket__c = nextval('storm.ticket') WHERE id = %s "
                           "RETURNING ticket__c", [*values.values(), row_id]).fetchall()
    return [Step(target.name.lower(), row_id, "UPDATE", number(row[0])) for row in rows]


def delete(session: Session, target: Target, row_id: int) -> list[Step]:
    rows = session.execute(f"DELETE FROM {target.table} WHERE id = %s RETURNING id", [row_id]).fetchall()
    return [Step(target.name.lower(), row[0], "DELETE", None) for row in rows]


def number(value: float | None) -> int | None:
    return None if value is None else int(value)
