"""`make storm`: thousands of changes, faults and kills; in the end both sides are equal and nothing was ever doubled.

SEED repeats a storm as far as timing allows, CHANGES and MINUTES set its size. The program only disturbs, waits and
asks: it starts no reload, repair or comparison of the product's.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.storm.changes import AFTER_THE_STORM_S, Changer
from tests.storm.database import (
    Database,
    connect_org,
    create_mappings,
    find_offences,
    make_database,
    schedule,
    states,
    wait_polled,
)
from tests.storm.faults import lift_faults, set_faults
from tests.storm.kills import Killer, hold_locks
from tests.storm.objects import define
from tests.storm.oracle import Difference, compare
from tools.sandbox import Credentials, Sandbox, new_credentials, start_sandbox, wait_until
from tools.state import ROOT, state_dir

KILLS_A_MINUTE = 11
# The org's hour passes while the storm lasts, so that what commits 40 minutes late is seen in it.
ORG_STORM_S = 3600
ORG_SWEEP_INTERVAL_S = 600
BEFORE_THE_STORM = 150
SHOWN = 20


@dataclass(frozen=True)
class Plan:
    """How large the storm is."""

    seed: int
    changes: int
    minutes: float
    options: dict[str, Any]
    patience_s: float

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def kills(self) -> int:
        return max(1, round(self.minutes * KILLS_A_MINUTE))

    @property
    def rate(self) -> float:
        """Seconds of the org's clock in one of ours."""
        return max(1.0, ORG_STORM_S / self.seconds)

    @property
    def settings(self) -> dict[str, Any]:
        """Intervals in the server's seconds that are to the org's clock what the defaults are to a real org's."""
        interval = max(5, round(ORG_SWEEP_INTERVAL_S / self.rate))
        return {"sweep_interval_s": interval, "delete_interval_s": interval} | self.options


@dataclass
class Storm:
    """Everything that is running, and what is known in the end."""

    plan: Plan
    root: Path
    database: Database
    sandbox: Sandbox
    changer: Changer
    killer: Killer
    hits: dict[str, int] = field(default_factory=dict)
    trouble: list[BaseException] = field(default_factory=list)

    def rage(self) -> None:
        """Let everything loose until the changes are made and the kills are done."""
        over, locks_over = threading.Event(), threading.Event()
        set_faults(self.sandbox, self.plan.seed)
        threads = [self._thread(lambda: self.changer.run(over), over),
                   self._thread(lambda: self.killer.run(over), over)]
        locks = self._thread(lambda: hold_locks(self.database, self.plan.seed, locks_over), over)
        deadline = time.monotonic() + 3 * self.plan.seconds
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline and not self.trouble:
            next(thread for thread in threads if thread.is_alive()).join(10)
            say(f"{self.changer.count} changes, {self.killer.count} kills")
        over.set()
        locks_over.set()
        for thread in (*threads, locks):
            thread.join(180)
        if self.trouble:
            raise self.trouble[0]

    def _thread(self, action: Callable[[], None], over: threading.Event) -> threading.Thread:
        def run() -> None:
            try:
                action()
            except BaseException as exc:  # noqa: BLE001 - raised again by the main thread
                self.trouble.append(exc)
                over.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def calm(self) -> list[Difference]:
        """End the faults, let what is uncommitted commit, and wait until both sides are equal and stay so."""
        self.hits = lift_faults(self.sandbox)
        self.database.wait_up()
        wait_until(lambda: self.changer.org_seconds() > self.changer.last_commit() + 5, 2 * AFTER_THE_STORM_S,
                   "not everything has committed", every=1)
        began = time.monotonic()
        while (found := compare(self.sandbox, self.database)) and time.monotonic() - began < self.plan.patience_s:
            say(f"{len(found)} differences, for instance {found[0]}")
            time.sleep(3)
        if not found:
            say(f"equal after {time.monotonic() - began:.0f} s; one more poll and sweep of each mapping")
            wait_polled(self.database, self.plan.patience_s)
            found = compare(self.sandbox, self.database)
        return found

    def keep(self, differences: list[Difference], offences: dict[str, list[str]]) -> Path:
        """Save what is needed to understand a failure."""
        folder = ROOT / "build" / f"storm-{self.plan.seed}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "differences").write_text("\n".join(map(str, differences)) + "\n", encoding="utf-8")
        (folder / "offences.json").write_text(json.dumps(offences, indent=1), encoding="utf-8")
        with contextlib.suppress(OSError, RuntimeError):
            journal = self.sandbox.call("GET", "/calls?since=0&limit=200000")
            (folder / "journal.ndjson").write_text("\n".join(map(json.dumps, journal)) + "\n", encoding="utf-8")
        for name in ("sandbox.log", "pg/log"):
            shutil.copyfile(self.root / name, folder / Path(name).name)
        with contextlib.suppress(psycopg.OperationalError):
            (folder / "mappings").write_text("\n".join(states(self.database)) + "\n", encoding="utf-8")
        return folder


def say(text: str) -> None:
    print(f"storm: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def prepared(plan: Plan) -> Iterator[Storm]:
    """A cluster, an org and everything between them; both end with the block."""
    root = state_dir(os.environ.get("STATE") or None) / f"storm-{os.getpid()}"
    root.mkdir(mode=0o711)
    credentials: Credentials = new_credentials()
    database = make_database(root)
    sandbox = start_sandbox(root / "sandbox.log", credentials, ["--seed", str(plan.seed)])
    try:
        define(sandbox.call)
        # So many that the storm meets no limit.
        sandbox.call("PUT", "/limits", {"DailyApiRequests": {"max": 5_000_000, "remaining": 5_000_000}})
        sandbox.call("PUT", "/clock", {"rate": plan.rate})
        connect_org(database, sandbox, credentials)
        create_mappings(database, plan.settings)
        schedule(database)
        changer = Changer(sandbox, plan.seed, plan.changes, plan.seconds, plan.rate)
        changer.fill(min(BEFORE_THE_STORM, plan.changes))
        yield Storm(plan, root, database, sandbox, changer,
                    Killer(database, plan.seed, plan.kills, plan.seconds))
    finally:
        sandbox.stop()
        database.cluster.remove()
        (root / "sandbox.log").unlink(missing_ok=True)
        root.rmdir()


def run(plan: Plan) -> bool:
    """The whole of it; prints the verdict and returns whether it is good."""
    print(f"storm: seed={plan.seed} changes={plan.changes} minutes={plan.minutes:g}", flush=True)
    began = time.monotonic()
    with prepared(plan) as storm:
        differences: list[Difference] = []
        offences: dict[str, list[str]] = {}
        try:
            storm.rage()
            differences = storm.calm()
            with storm.database.session() as session:
                offences = find_offences(session, storm.changer.population.markers)
            verdict = judge(storm, differences, offences)
        except Exception as exc:  # noqa: BLE001 - told in the last line, with what is kept
            traceback.print_exc()
            verdict = f"FAILED {type(exc).__name__}: {exc}".splitlines()[0]
        report(storm, differences, offences, time.monotonic() - began)
        is_good = verdict.startswith("ok")
        if not is_good:
            print(f"kept: {storm.keep(differences, offences)}")
    print(f"storm: {verdict}", flush=True)
    return is_good


def judge(storm: Storm, differences: list[Difference], offences: dict[str, list[str]]) -> str:
    doubled = {one for ids in offences.values() for one in ids}
    doubled |= {one.record_id for one in differences if "twice" in one.what}
    is_done = storm.changer.count >= storm.plan.changes and storm.killer.count >= 0.9 * storm.plan.kills
    is_good = not differences and not doubled and is_done
    return (f"{'ok' if is_good else 'FAILED'} seed={storm.plan.seed} changes={storm.changer.count} "
            f"kills={storm.killer.count} faults={sum(storm.hits.values())} lost={len(differences)} "
            f"doubled={len(doubled)}{'' if is_done else ' (the plan was not carried out)'}")


def report(storm: Storm, differences: list[Difference], offences: dict[str, list[str]], seconds: float) -> None:
    done = storm.changer.done
    print("changes:", ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print(f"kills: {storm.killer.backends} backends, {storm.killer.postmasters} postmasters, "
          f"longest outage {storm.killer.longest_outage_s:.1f} s")
    print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(storm.hits.items())))
    print(f"time: {seconds:.0f} s; a second was {storm.plan.rate:g} s of the org")
    for difference in differences[:SHOWN]:
        print(f"different: {difference}")
    for name, ids in offences.items():
        print(f"doubled: {len(ids)} {name}: {', '.join(map(str, ids[:SHOWN]))}")


def read_plan(arguments: list[str] | None = None) -> Plan:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    parser.add_argument("--changes", type=int, default=os.environ.get("CHANGES") or 20_000)
    parser.add_argument("--minutes", type=float, default=os.environ.get("MINUTES") or 5)
    parser.add_argument("--patience", type=float, default=240, help="seconds to catch up when the storm is over")
    parser.add_argument("--options", type=json.loads, default={}, help="options of the connection, as JSON")
    given = parser.parse_args(arguments)
    return Plan(int(given.seed), int(given.changes), float(given.minutes), given.options, given.patience)


if __name__ == "__main__":
    # Whoever ends the program ends its cluster and its sandbox too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(0 if run(read_plan()) else 1)
