"""From commit in Salesforce to the row in PostgreSQL: accelerated mappings against polls every 5 seconds."""

import random
import statistics
import threading
import time

from benchmarks.connected import Ground, cluster
from benchmarks.sandbox_org import Org, start_org
from benchmarks.sheet import Sheet
from benchmarks.stage import Stage

CHANGES = 20
MOST_MEDIAN_S = 1.5
PATIENCE_S = 30.0


def measure(sheet: Sheet, stage: Stage) -> None:
    """Run the loops as pg_cron runs them and create records at irregular times."""
    with cluster() as made:
        org = start_org("--rows", "Account=1000")
        try:
            ground = Ground(made, org, "latency")
            ground.session.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '5 seconds')")
            ground.session.execute("CALL sffdw.poll()")
            polled = arrivals(ground, org, ["poll"], CHANGES // 2)
            sheet.add("polled: median", statistics.median(polled), "s")
            sheet.add("polled: slowest", max(polled), "s")
            ground.session.execute("SELECT sffdw.alter_mapping('Account', accelerated => true, "
                                   "poll_interval => '10 minutes')")
            ground.session.execute("CALL sffdw.poll()")
            found = arrivals(ground, org, ["poll", "changes"], CHANGES)
            sheet.add("accelerated: median", statistics.median(found), "s", against="polled: median",
                      at_most=MOST_MEDIAN_S)
            sheet.add("accelerated: slowest", max(found), "s", against="polled: slowest")
        finally:
            org.stop()


def arrivals(ground: Ground, org: Org, loops: list[str], count: int) -> list[float]:
    """How long each of some records took, from the control plane's answer to the notification of its row."""
    over = threading.Event()
    threads = [threading.Thread(target=run_loop, args=(ground, name, over)) for name in loops]
    for thread in threads:
        thread.start()
    dice, taken = random.Random(1), []
    try:
        with ground.connect() as listener:
            listener.execute('LISTEN "salesforce.account"')
            for number in range(count):
                time.sleep(2.2 + dice.random())
                changes = [{"op": "create", "object": "Account", "values": {"Name": f"arrival {number}"}}]
                org.call("POST", "/_sandbox/records", {"changes": changes})
                began = time.perf_counter()
                for _ in listener.notifies(timeout=PATIENCE_S, stop_after=1):
                    taken.append(time.perf_counter() - began)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if len(taken) < count:
        raise RuntimeError(f"{count - len(taken)} of {count} records did not arrive within {PATIENCE_S} s")
    return taken


def run_loop(ground: Ground, name: str, over: threading.Event) -> None:
    """One of the jobs, call after call."""
    arguments = {"poll": "force => false, max_duration => '5 seconds', lane => 1",
                 "changes": "max_duration => '5 seconds', lane => 1"}[name]
    with ground.connect() as session:
        while not over.is_set():
            session.execute(f"CALL sffdw.{name}({arguments})")
