"""The storm's first part: whatever the org goes through arrives here, once."""

import contextlib
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.storm.changes import AFTER_THE_STORM_S, Changer
from tests.storm.database import Database, create_mappings, find_offences, schedule, wait_polled
from tests.storm.faults import INBOUND, lift_faults, set_faults
from tests.storm.ground import Ground, ground
from tests.storm.kills import Killer, hold_locks
from tests.storm.objects import KINDS, define
from tests.storm.oracle import Difference, compare
from tests.storm.plan import Outcome, Plan, say
from tests.storm.threads import rage
from tools.sandbox import Sandbox, wait_until

# The org's hour passes while the storm lasts, so that what commits 40 minutes late is seen in it.
ORG_STORM_S = 3600
ORG_SWEEP_INTERVAL_S = 600
BEFORE_THE_STORM = 1000
# Pages and loads are small here: some objects are loaded through Bulk and some through REST, and so are polls.
SIZES = {"page_size": 200, "bulk_load_threshold": 220}
# The storm is a mass of deletes, and meant: on a slow machine a fifth of a table may go between two looks.
MEANT = {"delete_threshold_percent": 100}
SHOWN = 20


def rate(plan: Plan) -> float:
    """Seconds of the org's clock in one of ours."""
    return max(1.0, ORG_STORM_S / plan.seconds)


def settings(plan: Plan) -> dict[str, Any]:
    """Intervals in the server's seconds that are to the org's clock what the defaults are to a real org's."""
    interval = max(5, round(ORG_SWEEP_INTERVAL_S / rate(plan)))
    return {"sweep_interval_s": interval, "delete_interval_s": interval} | SIZES | MEANT | plan.options


@dataclass
class Storm:
    """Everything that is running, and what is known in the end."""

    plan: Plan
    ground: Ground
    changer: Changer
    killer: Killer
    hits: dict[str, int] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.ground.database

    @property
    def sandbox(self) -> Sandbox:
        return self.ground.sandbox

    def rage(self) -> None:
        """Let everything loose until the changes are made and the kills are done."""
        set_faults(self.sandbox, self.plan.seed, INBOUND)
        locks = partial(hold_locks, self.database, self.plan.seed, [kind.table for kind in KINDS])
        rage([self.changer.run, self.killer.run], [locks], 3 * self.plan.seconds,
             lambda: say(f"{self.changer.count} changes, {self.killer.count} kills"))

    def calm(self) -> list[Difference]:
        """End the faults, let what is uncommitted commit, and wait until both sides are equal and stay so."""
        self.hits = lift_faults(self.sandbox)
        self.database.wait_up()
        wait_until(lambda: self.changer.org_seconds() > self.changer.last_commit() + 5, 2 * AFTER_THE_STORM_S,
                   "not everything has committed", every=1)
        began = time.monotonic()
        until = began + self.plan.patience_s
        while (found := compare(self.sandbox, self.database, KINDS)) and time.monotonic() < until:
            say(f"{len(found)} differences, for instance {found[0]}")
            time.sleep(3)
        if not found:
            say(f"equal after {time.monotonic() - began:.0f} s; one more poll and sweep of each mapping")
            wait_polled(self.database, self.plan.patience_s)
            found = compare(self.sandbox, self.database, KINDS)
        return found


@contextlib.contextmanager
def prepared(plan: Plan) -> Iterator[Storm]:
    """A cluster, an org and everything between them; both end with the block."""
    with ground(plan, "inbound") as given:
        define(given.sandbox.call)
        given.sandbox.call("PUT", "/clock", {"rate": rate(plan)})
        create_mappings(given.database, settings(plan))
        schedule(given.database)
        changer = Changer(given.sandbox, plan.seed, plan.changes, plan.seconds, rate(plan))
        changer.fill(min(BEFORE_THE_STORM, plan.changes))
        yield Storm(plan, given, changer, Killer(given.database, plan.seed, plan.kills, plan.seconds))


def run(plan: Plan) -> Outcome:
    """The whole part, with what is known in the end."""
    began = time.monotonic()
    with prepared(plan) as storm:
        differences: list[Difference] = []
        offences: dict[str, list[str]] = {}
        try:
            storm.rage()
            differences = storm.calm()
            with storm.database.session() as session:
                offences = find_offences(session, storm.changer.population.markers)
            outcome = judge(storm, differences, offences)
        except Exception as exc:  # noqa: BLE001 - told in the last line, with what is kept
            traceback.print_exc()
            outcome = Outcome(error=f"{type(exc).__name__}: {exc}".splitlines()[0])
        report(storm, differences, offences, time.monotonic() - began)
        if not outcome.is_good:
            found = {"differences": differences, "offences": offences}
            print(f"kept: {storm.ground.keep(f'storm-{plan.seed}', found)}")
    return outcome


def judge(storm: Storm, differences: list[Difference], offences: dict[str, list[str]]) -> Outcome:
    doubled = {one for ids in offences.values() for one in ids}
    doubled |= {one.record_id for one in differences if "twice" in one.what}
    is_done = storm.changer.count >= storm.plan.changes and storm.killer.count >= 0.9 * storm.plan.kills
    return Outcome(storm.changer.count, storm.killer.count, sum(storm.hits.values()), len(differences), len(doubled),
                   is_done)


def report(storm: Storm, differences: list[Difference], offences: dict[str, list[str]], seconds: float) -> None:
    done = storm.changer.done
    print("changes:", ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print(f"kills: {storm.killer.backends} backends, {storm.killer.postmasters} postmasters, "
          f"longest outage {storm.killer.longest_outage_s:.1f} s")
    print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(storm.hits.items())))
    calls = storm.sandbox.call("GET", "/stats")["calls"]["by_kind"]
    print(f"reads: {calls.get('query', 0)} queries, {calls.get('bulk_result', 0)} pages of Bulk jobs")
    print(f"time: {seconds:.0f} s; a second was {rate(storm.plan):g} s of the org")
    for difference in differences[:SHOWN]:
        print(f"different: {difference}")
    for name, ids in offences.items():
        print(f"doubled: {len(ids)} {name}: {', '.join(map(str, ids[:SHOWN]))}")
