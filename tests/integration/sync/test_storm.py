"""Everything at once, for some seconds: apps, the org and both loops at work while backends die and replies are lost.

At the end both sides are equal, row for row, and no record is there twice.
"""

import contextlib
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg

from tests.integration.sync.org import Org, background, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]
SECONDS = 12
TABLES = {"Account": ("Name", "Phone", "External_Id__c"), "Contact": ("LastName", "Phone")}


def app_at_work(session: Session, number: int, over: threading.Event) -> None:
    dice, count = random.Random(number), 0
    while not over.wait(dice.random() / 10):
        count += 1
        name, choice = f"L{number}-{count}", dice.random()
        table = dice.choice(["account", "contact"])
        if choice < 0.25:
            session.execute("INSERT INTO salesforce.account (name, phone, external_id__c) VALUES (%s, '1', %s)",
                            [name, name if dice.random() < 0.8 else None])
        elif choice < 0.5:
            session.execute("INSERT INTO salesforce.contact (lastname, phone) VALUES (%s, '1')",
                            [name if dice.random() < 0.8 else "equal"])
        elif choice < 0.85:
            session.execute(f"UPDATE salesforce.{table} SET phone = %s WHERE id IN "
                            f"(SELECT id FROM salesforce.{table} ORDER BY random() LIMIT 3)", [name])
        else:
            session.execute(f"DELETE FROM salesforce.{table} WHERE id = "
                            f"(SELECT id FROM salesforce.{table} ORDER BY random() LIMIT 1)")


def org_at_work(org: Org, over: threading.Event) -> None:
    dice, count = random.Random(0), 0
    while not over.wait(dice.random() / 5):
        count += 1
        name = dice.choice(["Account", "Contact"])
        ids = [record["Id"] for record in org.sandbox.records(name)]
        choice = dice.random()
        # An app's DELETE may be quicker.
        with contextlib.suppress(RuntimeError):
            if choice < 0.3 or not ids:
                org.create(name, {"Name" if name == "Account" else "LastName": f"R{count}", "Phone": "9"})
            elif choice < 0.85:
                org.update(name, dice.choice(ids), Phone=f"r{count}")
            else:
                org.act("delete", name, dice.choice(ids))


def loop(connect: Callable[..., Session], call: str, pids: dict[str, int], over: threading.Event) -> None:
    while not over.is_set():
        session = connect()
        pids[call] = session.info.backend_pid
        with contextlib.suppress(psycopg.errors.AdminShutdown):
            session.execute(call)


def kill_backends(session: Session, pids: dict[str, int], over: threading.Event) -> None:
    dice = random.Random(1)
    while not over.wait(0.5 + dice.random()):
        for pid in dice.sample(list(pids.values()), 1):
            session.execute("SELECT pg_terminate_backend(%s)", [pid])


def is_all_sent(session: Session) -> bool:
    write(session)
    return rows(session, "SELECT FROM salesforce._trigger_log WHERE state IN ('NEW', 'PENDING', 'IGNORE')") == []


def test_both_sides_are_equal_after_a_storm(org: Org, account: Session, contact: Session, connect: Any) -> None:
    account.execute("UPDATE sffdw.mapping SET poll_interval = '5 seconds'")
    set_options(account, in_doubt_wait_s=5, page_size=100)
    org.create("Account", *[{"Name": f"O{n}"} for n in range(50)])
    poll(account)
    over, pids = threading.Event(), dict[str, int]()
    with contextlib.ExitStack() as stack:
        for name, params, when in [
                ("reply.lost", {}, {"kind": "collections", "probability": 0.1}),
                ("row.locked", {"every": 5}, {"kind": "collections", "probability": 0.2}),
                ("http.status", {"status": 503}, {"kind": ["collections", "query"], "probability": 0.03})]:
            stack.enter_context(org.fault(name, params, **when))
        actions: list[Callable[[], None]] = [
            lambda: org_at_work(org, over), lambda: kill_backends(connect(), pids, over),
            lambda: loop(connect, "CALL sffdw.poll(force => false, max_duration => '15 s', lane => 1)", pids, over),
            lambda: loop(connect, "CALL sffdw.write(max_duration => '15 s', lane => 1)", pids, over)]
        sessions = [connect(), connect()]
        actions += [partial(app_at_work, session, number, over) for number, session in enumerate(sessions)]
        raised = [stack.enter_context(background(action)) for action in actions]
        over.wait(SECONDS)
        over.set()
        account.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [list(pids.values())])
    assert not any(raised)
    wait_for(lambda: is_all_sent(account), "everything is sent", 60)
    for _ in range(2):
        poll(account)
    for name, fields in TABLES.items():
        theirs = sorted(tuple(record[field] or "" for field in ("Id", *fields)) for record in org.sandbox.records(name))
        columns = ", ".join(f"coalesce({field}, '')" for field in ("sfid", *fields))
        assert sorted(rows(account, f"SELECT {columns} FROM salesforce.{name}")) == theirs
    made = [record["Id"] for name in TABLES for record in org.sandbox.records(name, "all")
            if str(record.get("Name") or record["LastName"]).startswith(("L", "equal"))]
    assert len(made) == one(account, "SELECT count(*) FROM salesforce._trigger_log "
                                     "WHERE action = 'INSERT' AND state = 'SUCCESS'")
    assert rows(account, "SELECT sf_message FROM salesforce._trigger_log "
                         "WHERE state = 'FAILED' AND sf_message NOT LIKE 'ENTITY_IS_DELETED%%'") == []
