"""From COMMIT here to accepted by Salesforce: 10 writes a second through pg_cron's own jobs, across their handovers.

A write counts as accepted when the trigger log says SUCCESS, by the server's clock (`processed_at`); Salesforce has
accepted it a little earlier. One write in ten is an insert, the others are updates of one of a thousand rows.
"""

import math
import random
import statistics
import time
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.connected import Ground, cluster
from benchmarks.sandbox_org import start_org
from benchmarks.sheet import Sheet
from benchmarks.stage import Stage
from tests.conftest import OWNER

DATABASE = "write_latency"
ROWS = 1000
WRITES_A_SECOND = 10
INSERT_SHARE = 0.1
MOST_MEDIAN_S = 1.5
MOST_P99_S = 3.0
PATIENCE_S = 60.0
STARTED = "SELECT count(*) FROM cron.job_run_details d JOIN cron.job j USING (jobid) WHERE j.jobname LIKE '%:write'"
ACCEPTED = """
SELECT id, extract(epoch FROM processed_at)::float8
FROM (TABLE salesforce._trigger_log UNION ALL TABLE salesforce._trigger_log_archive) l
WHERE id > {} AND state = 'SUCCESS' ORDER BY id"""


def measure(sheet: Sheet, stage: Stage) -> None:
    """Schedule the jobs, write for some minutes, and read from the log when each write was accepted."""
    with cluster(cron_database=DATABASE) as made:
        org = start_org("--rows", f"Account={ROWS}")
        try:
            ground = Ground(made, org, DATABASE)
            ground.session.execute("SELECT sffdw.alter_mapping('Account', access => 'read_write')")
            ground.session.execute("CALL sffdw.poll()")
            schedule(ground)
            taken, handovers = latencies(ground, stage.minutes * 60)
        finally:
            org.stop()
    ranked = sorted(taken)
    sheet.add("writes", len(taken), "")
    sheet.add("handovers of the job", handovers, "")
    sheet.add("median", statistics.median(ranked), "s", at_most=MOST_MEDIAN_S)
    sheet.add("p99", ranked[math.ceil(len(ranked) * 0.99) - 1], "s", at_most=MOST_P99_S)
    sheet.add("slowest", ranked[-1], "s")


def schedule(ground: Ground) -> None:
    """Have pg_cron run the jobs, and wait until the writer is at work."""
    with psycopg.connect(ground.cluster.dsn(ground.name), autocommit=True) as admin:
        admin.execute("CREATE EXTENSION pg_cron")
        admin.execute(sql.SQL("GRANT USAGE ON SCHEMA cron TO {}").format(sql.Identifier(OWNER)))
    ground.session.execute("SELECT sffdw.schedule()")
    wait(ground, STARTED, 1, 130)


def wait(ground: Ground, query: str, least: int, seconds: float) -> None:
    """Wait until a count is reached. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while (found := ask(ground, query)) < least:
        if time.monotonic() > until:
            raise TimeoutError(f"{found} instead of {least}: {query}")
        time.sleep(0.2)


def ask(ground: Ground, query: str) -> int:
    row: Any = ground.session.execute(query).fetchone()
    return int(row[0])


def latencies(ground: Ground, seconds: float) -> tuple[list[float], int]:
    """How long each write took; and how often the job changed hands meanwhile."""
    first = ask(ground, "SELECT coalesce(max(id), 0) FROM salesforce._trigger_log")
    started = ask(ground, STARTED)
    committed = write(ground, seconds)
    wait(ground, f"SELECT count(*) FROM ({ACCEPTED.format(first)}) l", len(committed), PATIENCE_S)
    accepted = ground.session.execute(ACCEPTED.format(first)).fetchall()
    # One session wrote: the order of the log is that of its commits.
    return ([row[1] - at for row, at in zip(accepted, committed, strict=True)], ask(ground, STARTED) - started)


def write(ground: Ground, seconds: float) -> list[float]:
    """Make the writes at irregular times and return when each COMMIT was answered."""
    dice, committed = random.Random(1), []
    ids = [row[0] for row in ground.session.execute("SELECT id FROM salesforce.account").fetchall()]
    began = time.monotonic()
    with ground.connect() as app:
        for number in range(round(seconds * WRITES_A_SECOND)):
            due = began + (number + dice.random()) / WRITES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            if dice.random() < INSERT_SHARE:
                app.execute("INSERT INTO salesforce.account (name) VALUES (%s)", [f"written {number}"])
            else:
                app.execute("UPDATE salesforce.account SET phone = %s WHERE id = %s", [str(number), dice.choice(ids)])
            committed.append(time.time())
    return committed
