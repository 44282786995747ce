"""kill -9 of backends and of the whole server, every few seconds; and an application that holds rows locked."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.storm.database import OUTAGE_S, Database
from tools.sandbox import wait_until

POSTMASTER_SHARE = 0.25
# Mostly those at work for the product; now and then one of the server's own.
VICTIMS = """
SELECT pid FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND CASE WHEN %s THEN backend_type = 'client backend' AND usename = 'storm_owner'
    ELSE backend_type <> 'logger' END
ORDER BY query LIKE 'CALL%%' DESC, pid"""


@dataclass
class Killer:
    """Kills as often as planned, spread over `seconds`; a kill waits until the server has come up from the last one."""

    database: Database
    seed: int
    wanted: int
    seconds: float
    backends: int = 0
    postmasters: int = 0
    longest_outage_s: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def count(self) -> int:
        return self.backends + self.postmasters

    def run(self, over: threading.Event) -> None:
        dice = random.Random(f"kills {self.seed}")
        whole = [number < self.wanted * POSTMASTER_SHARE for number in range(self.wanted)]
        dice.shuffle(whole)
        self.began = time.monotonic()
        pace = self.seconds / max(1, self.wanted)
        for number, is_whole in enumerate(whole):
            # At least a second of work in between, however slow the server came up.
            due = self.began + (number + dice.random()) * pace
            if over.wait(max(1.0, due - time.monotonic())):
                return
            before = time.monotonic()
            if is_whole:
                self._kill_postmaster()
            elif not self._kill_backend(dice):
                continue
            self.database.wait_up()
            self.longest_outage_s = max(self.longest_outage_s, time.monotonic() - before)

    def _kill_backend(self, dice: random.Random) -> bool:
        is_ours = dice.random() < 0.9
        pids = [row[0] for row in self.database.ask(VICTIMS, [is_ours], "postgres")]
        if not pids:
            return False
        if kill(dice.choice(pids)):
            self.backends += 1
        return True

    def _kill_postmaster(self) -> None:
        pid = int((self.database.cluster.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        if kill(pid):
            self.postmasters += 1
        # pg_ctl takes a server whose postmaster has not quite died yet for a running one.
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), 30, f"process {pid} does not go away")
        start_again(self.database)


def kill(pid: int) -> bool:
    """kill -9 of a process of PostgreSQL; false if there is none of that number any more."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        name = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"postgres" in name:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def start_again(database: Database) -> None:
    """Start a server whose postmaster was killed; the first tries may meet backends that have not noticed yet."""
    deadline = time.monotonic() + OUTAGE_S
    while True:
        try:
            database.cluster.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def hold_locks(database: Database, seed: int, tables: Sequence[str], over: threading.Event) -> None:
    """An application that locks some rows for a second or two, again and again."""
    dice = random.Random(f"locks {seed}")
    while not over.wait(dice.uniform(0.2, 1.5)):
        table = dice.choice(tables)
        with (contextlib.suppress(psycopg.OperationalError), database.session() as session, session.transaction()):
            session.execute(f"SELECT FROM {table} WHERE id %% 40 = %s FOR UPDATE", [dice.randrange(40)])
            over.wait(dice.uniform(0.2, 2.0))
