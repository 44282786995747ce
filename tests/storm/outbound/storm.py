"""The storm's second part: local sessions write, the org's users work too, and the server is killed every few seconds.

When it is over and everything has been sent, each committed change is held against what the org went through. Then the
rejected ones, whose reasons are gone with the faults, are sent again by `sffdw.retry`, and both sides must be equal.
"""

import contextlib
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.storm.database import Database, create_connection, map_object, schedule
from tests.storm.faults import OUTBOUND, count_late, lift_faults, read_hits, set_faults
from tests.storm.ground import Ground, ground
from tests.storm.kills import Killer, hold_locks
from tests.storm.oracle import Difference, compare
from tests.storm.outbound import oracle
from tests.storm.outbound.apps import EQUAL_SHARE, LEDGER, App
from tests.storm.outbound.guests import Guests
from tests.storm.outbound.journal import Journal
from tests.storm.outbound.kinds import TARGETS, WRITTEN, define
from tests.storm.plan import Outcome, Plan, say
from tests.storm.threads import rage, wait_none
from tools.sandbox import Sandbox

APPS = 4
GUEST_SHARE = 0.1
LAST_LATE_COMMIT_S = 35
LONGEST_AFTERMATH_S = 60
SHOWN = 20
# A call of Salesforce's takes ten minutes at most, one of the storm's half a minute.
OPTIONS = {"in_doubt_wait_s": 45}
DOUBLED = "made more than once"
CHANGES_A_LATE_COMMIT = 2000  # of a call with some hundred records
CHANGES_AN_UNDECIDED = 1000  # no more may be left to a person
REFUSED = "SELECT count(*) FROM salesforce._trigger_log WHERE state = 'FAILED'"


@dataclass
class Storm:
    """Everything that is running, and what is known in the end."""

    plan: Plan
    ground: Ground
    journal: Journal
    apps: list[App]
    guests: Guests
    killer: Killer
    hits: dict[str, int] = field(default_factory=dict)
    raged_s: float = 0.0
    failed_count: int = 0
    refused_count: int = 0
    undecided: oracle.Undecided = field(default_factory=oracle.Undecided)
    offences: dict[str, list[str]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.ground.database

    @property
    def sandbox(self) -> Sandbox:
        return self.ground.sandbox

    def rage(self) -> None:
        """Let everything loose until the changes are made and the kills are done."""
        set_faults(self.sandbox, self.plan.seed, OUTBOUND)
        began = time.monotonic()
        locks = partial(hold_locks, self.database, self.plan.seed, [target.table for target in TARGETS])
        rage([*(app.run for app in self.apps), self.guests.run, self.killer.run], [locks], 3 * self.plan.seconds,
             lambda: say(f"{self.journal.count} changes, {self.open_count()} to be sent, {self.killer.count} kills"))
        self.raged_s = time.monotonic() - began
        self.wait_struck()

    def wait_struck(self) -> None:
        """Where a slow machine has made few calls, leave the faults on for a while: enough are to commit late."""
        until = time.monotonic() + LONGEST_AFTERMATH_S
        while (self.open_count() and time.monotonic() < until
               and count_late(read_hits(self.sandbox)) < planned_late(self.plan)):
            time.sleep(1)

    def open_count(self) -> int:
        return int(self.database.ask(oracle.OPEN)[0][0])

    def calm(self) -> None:
        """End the faults and wait until everything has been sent; judge; then until both sides are equal."""
        self.hits = lift_faults(self.sandbox)
        ended = time.monotonic()
        self.wait_sent()
        time.sleep(max(0.0, ended + LAST_LATE_COMMIT_S - time.monotonic()))
        self.judge()
        self.decide()
        self.failed_count = self.retry()
        self.wait_sent()
        self.refused_count = int(self.database.ask(REFUSED)[0][0])
        began = time.monotonic()
        wait_none(self.compare, self.plan.patience_s, every=3)
        say(f"{len(self.differences)} differences after {time.monotonic() - began:.0f} s")
        self.judge_again()

    def wait_sent(self) -> None:
        began = time.monotonic()
        say(f"{self.open_count()} to be sent when the storm is over")
        if left := wait_none(self.open_count, self.plan.patience_s):
            raise TimeoutError(f"{left} changes are not sent, and have not become fewer")
        say(f"all sent after {time.monotonic() - began:.0f} s")

    def compare(self) -> int:
        self.differences = compare(self.sandbox, self.database, TARGETS)
        if self.differences:
            say(f"{len(self.differences)} differences, for instance {self.differences[0]}")
        return len(self.differences)

    def retry(self) -> int:
        return int(self.database.ask("SELECT sffdw.retry()")[0][0])

    def judge(self) -> None:
        judge = oracle.judge_merged if self.plan.algorithm == "merged" else oracle.judge
        self.offences = judge(self.journal.steps, self.database, self.sandbox)

    def decide(self) -> None:
        """Do by hand what the engine leaves to a person: a row whose record was made after all goes."""
        self.undecided = oracle.find_undecided(self.journal.steps, self.database.ask(oracle.ENTRIES),
                                               oracle.look(self.sandbox))
        for table, row_id in self.undecided.made:
            self.database.ask(f"DELETE FROM salesforce.{table} WHERE id = %s RETURNING id", [row_id])

    def judge_again(self) -> None:
        """What was sent again has kept the order, and has made no record of a row that has one or stays rejected."""
        again = oracle.judge_again(self.journal.steps, self.database, oracle.look(self.sandbox))
        self.offences |= {f"{what} after sending again": found for what, found in again.items()}


@contextlib.contextmanager
def prepared(plan: Plan) -> Iterator[Storm]:
    """A cluster, an org and everything between them; both end with the block."""
    with ground(plan, "outbound") as given:
        define(given.sandbox.call)
        with given.database.session() as session:
            create_connection(session, OPTIONS | plan.options)
            session.execute("SELECT sffdw.alter_connection(write_algorithm => %s)", [plan.algorithm])
            session.execute(LEDGER)
            for target in TARGETS:
                map_object(session, target.name, target.mapped, {**WRITTEN, **target.mapping})
        schedule(given.database)
        journal = Journal(plan.changes)
        apps = [App(given.database, journal, plan.seed, number, plan.seconds) for number in range(APPS)]
        guests = Guests(given.sandbox, plan.seed, round(plan.changes * GUEST_SHARE), plan.seconds)
        yield Storm(plan, given, journal, apps, guests, Killer(given.database, plan.seed, plan.kills, plan.seconds))


def run(plan: Plan) -> Outcome:
    """The whole part, with what is known in the end."""
    began = time.monotonic()
    with prepared(plan) as storm:
        try:
            storm.rage()
            storm.calm()
            outcome = judge(storm)
        except Exception as exc:  # noqa: BLE001 - told in the last line, with what is kept
            traceback.print_exc()
            outcome = Outcome(error=f"{type(exc).__name__}: {exc}".splitlines()[0])
        report(storm, time.monotonic() - began)
        if not outcome.is_good:
            found = {"differences": storm.differences, "offences": storm.offences, "steps": storm.journal.steps}
            with contextlib.suppress(OSError):
                found["log"] = storm.database.ask("SELECT l::text FROM (TABLE salesforce._trigger_log UNION ALL "
                                                  "TABLE salesforce._trigger_log_archive) l ORDER BY id")
            print(f"kept: {storm.ground.keep(f'storm-{plan.seed}-outbound', found)}")
    return outcome


def judge(storm: Storm) -> Outcome:
    doubled = sum(len(found) for what, found in storm.offences.items() if what.startswith(DOUBLED))
    others = sum(len(found) for what, found in storm.offences.items() if not what.startswith(DOUBLED))
    return Outcome(storm.journal.count, storm.killer.count, sum(storm.hits.values()), len(storm.differences) + others,
                   doubled, not lacking(storm), len(storm.undecided.rows))


def lacking(storm: Storm) -> list[str]:
    """What was planned and has not happened, for people."""
    wanted = storm.plan.changes
    least = {"changes": (storm.journal.count, wanted),
             "inserts of rows equal in every field": (storm.journal.equal_count, round(wanted * EQUAL_SHARE)),
             "kills": (storm.killer.count, round(0.9 * storm.plan.kills)),
             "late commits": (count_late(storm.hits), planned_late(storm.plan))}
    found = [f"{count} {what} instead of {planned}" for what, (count, planned) in least.items() if count < planned]
    undecided, most = len(storm.undecided.rows), wanted // CHANGES_AN_UNDECIDED
    return found + [f"{undecided} inserts undecided, more than {most}"] * (undecided > most)


def planned_late(plan: Plan) -> int:
    return round(plan.changes / CHANGES_A_LATE_COMMIT)


def report(storm: Storm, seconds: float) -> None:
    print("changes:", ", ".join(f"{name} {count}" for name, count in sorted(storm.journal.counts.items())))
    print("in the org:", ", ".join(f"{name} {count}" for name, count in sorted(storm.guests.done.items())))
    print(f"kills: {storm.killer.backends} backends, {storm.killer.postmasters} postmasters, "
          f"longest outage {storm.killer.longest_outage_s:.1f} s")
    print(f"a kill every {storm.raged_s / max(1, storm.killer.count):.1f} s for {storm.raged_s:.0f} s; "
          f"{storm.journal.equal_count} inserts in groups of equal rows; {count_late(storm.hits)} late commits")
    for what in lacking(storm):
        print(f"not done: {what}")
    print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(storm.hits.items())))
    print(f"rejected and sent again: {storm.failed_count}, of which rejected again: {storm.refused_count}")
    print(f"undecided inserts: {len(storm.undecided.rows)}, of which made: {len(storm.undecided.made)}")
    print(f"time: {seconds:.0f} s")
    for difference in storm.differences[:SHOWN]:
        print(f"different: {difference}")
    for name, found in storm.offences.items():
        print(f"{name}: {len(found)}")
        for one in found[:SHOWN]:
            print(f"    {one}")
