"""Holds what local sessions committed against what the org went through and what the trigger log says of it.

The org is read by its control plane: every version of every record from its change events, and the records that there
are or were.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.storm.oracle import Asked
from tests.storm.outbound.journal import Step
from tests.storm.outbound.kinds import TARGETS
from tools.sandbox import Sandbox

TICKET = re.compile(r'"ticket__c"=>"(\d+)"')
# What the engine cannot decide it says, and names the records that a person should look at, ten at most.
UNDECIDED = re.compile(r"^IN_DOUBT: .* one of these records: (\w+(?:, \w+)*)$")
MOST_NAMED = 10
ENTRIES = """
SELECT table_name, record_id, action, "values", state, sf_message FROM (
    TABLE salesforce._trigger_log UNION ALL TABLE salesforce._trigger_log_archive) l ORDER BY id"""
# Children of a row that the org has rejected: they wait until it is accepted.
WAITING = """
SELECT 'contact', c.id FROM salesforce.contact c
JOIN salesforce.account p ON p.external_id__c = c.account__external_id__c
WHERE p.sfid IS NULL AND p._hc_lastop = 'FAILED'"""
OPEN = f"""
SELECT count(*) FROM salesforce._trigger_log
WHERE state IN ('NEW', 'PENDING', 'IGNORE') AND (table_name, record_id) NOT IN ({WAITING})"""
Key = tuple[str, int, str, int | None]
Row = tuple[str, int]
Mark = tuple[str, str]  # table and marker


@dataclass(frozen=True)
class Entry:
    """What became of a captured change."""

    state: str
    message: str | None

    @property
    def named(self) -> list[str]:
        """The records of which it is not known whether this change has made one."""
        found = UNDECIDED.match(self.message or "") if self.state == "FAILED" else None
        return found[1].split(", ") if found else []

    def may_have_made(self, record_id: str) -> bool:
        return record_id in self.named or len(self.named) == MOST_NAMED


@dataclass
class Seen:
    """What the org went through: tickets by record in the order of its commits; records by object and marker."""

    tickets: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    markers: Counter[Mark] = field(default_factory=Counter)

    @property
    def takers(self) -> dict[int, str]:
        """The record that got each ticket."""
        return {ticket: record_id for record_id, tickets in self.tickets.items() for ticket in tickets}

    def disorder(self) -> list[str]:
        """Records that did not get their tickets once each, in ascending order."""
        return [f"{record_id}: {found}" for record_id, found in self.tickets.items() if found != sorted(set(found))]

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            if event.get("Ticket__c") is not None:
                for record_id in event["ChangeEventHeader"]["recordIds"]:
                    self.tickets[record_id].append(int(event["Ticket__c"]))


def look(sandbox: Sandbox) -> Seen:
    """What the org has seen until now."""
    seen, after = Seen(), 0
    while events := sandbox.call("GET", f"/events/changes?after={after}&limit=5000"):
        seen.take(events)
        after = events[-1]["replayId"]
    for target in TARGETS:
        seen.markers.update((target.name.lower(), record["Marker__c"])
                            for record in sandbox.records(target.name, "all") if record["Marker__c"])
    return seen


def judge(steps: list[Step], database: Asked, sandbox: Sandbox) -> dict[str, list[str]]:
    """All that is wrong, by offence."""
    entries, seen = read_entries(database.ask(ENTRIES)), look(sandbox)
    waiting = {(row[0], row[1]) for row in database.ask(WAITING)}
    return judge_steps(steps, entries, seen, waiting) | judge_records(steps, entries, seen)


def judge_merged(steps: list[Step], database: Asked, sandbox: Sandbox) -> dict[str, list[str]]:
    """What is wrong, by offence, where a record's changes go out as one, so that the org sees some tickets only.

    That nothing is lost, the comparison of both sides says.
    """
    seen = look(sandbox)
    stray = sorted(seen.takers.keys() - {step.ticket for step in steps})
    silent = database.ask("SELECT l.id FROM salesforce._trigger_log l WHERE l.state = 'FAILED' "
                          "AND coalesce(l.sf_message, '') = ''")
    found = {"sent although it was rolled back": [str(ticket) for ticket in stray],
             "FAILED without a reason": [str(entry) for entry, in silent]}
    return {what: ids for what, ids in found.items() if ids} | judge_again(steps, database, seen)


def judge_again(steps: list[Step], database: Asked, seen: Seen) -> dict[str, list[str]]:
    """What is wrong, by offence, when rejected changes have been sent again."""
    rejected = Counter((target.name.lower(), row[0]) for target in TARGETS
                       for row in database.ask(f"SELECT marker__c FROM {target.table} WHERE {target.excused}"))
    return judge_kept(steps, rejected, seen)


def judge_kept(steps: list[Step], rejected: Counter[Mark], seen: Seen) -> dict[str, list[str]]:
    """`rejected` are the rows that stay so, by marker: none has a record, and each other has one at most."""
    wanted = Counter((step.table, str(step.marker)) for step in steps if step.action == "INSERT")
    found = {
        "made more than once": [f"{key}: {seen.markers[key]} instead of {count - rejected[key]}"
                                for key, count in wanted.items() if seen.markers[key] > count - rejected[key]],
        "out of order in the org": seen.disorder(),
    }
    return {what: ids for what, ids in found.items() if ids}


def read_entries(rows: Iterable[tuple[Any, ...]]) -> dict[Key, Entry]:
    """The trigger log by what names a step: a row's change with its ticket."""
    return {key_of(table, row_id, action, ticket_in(values)): Entry(state, message)
            for table, row_id, action, values, state, message in rows}


def ticket_in(values: str | None) -> int | None:
    found = TICKET.search(values or "")
    return int(found[1]) if found else None


def key_of(table: str, row_id: int, action: str, ticket: int | None) -> Key:
    return table, row_id, action, ticket


def judge_steps(
        steps: list[Step], entries: Mapping[Key, Entry], seen: Seen, waiting: set[Row]) -> dict[str, list[str]]:
    """Changes that became what they must not, by offence; `waiting` are rows whose changes need not be settled."""
    offences: dict[str, list[str]] = defaultdict(list)
    takers = seen.takers
    deleted = {(step.table, step.row_id) for step in steps if step.action == "DELETE"}
    for step in steps:
        entry = entries.get(key_of(step.table, step.row_id, step.action, step.ticket))
        if entry is not None and entry.state == "NEW" and (step.table, step.row_id) in waiting:
            continue
        taker = takers.get(step.ticket) if step.ticket is not None else None
        if what := judge_step(step, entry, taker, (step.table, step.row_id) in deleted):
            offences[what].append(f"{step} {entry}")
    committed = {step.ticket for step in steps}
    offences["sent although it was rolled back"] += [str(one) for one in sorted(takers.keys() - committed)]
    offences["out of order in the org"] += seen.disorder()
    return {what: found for what, found in offences.items() if found}


def judge_step(step: Step, entry: Entry | None, taker: str | None, is_deleted: bool) -> str | None:
    """What is wrong with one change, if anything. taker: the record that got it."""
    is_seen = taker is not None
    if entry is None:
        return "not captured"
    match entry.state:
        case "SUCCESS":
            return None if is_seen or step.ticket is None else "SUCCESS, and the org never saw it"
        case "FAILED":
            if taker is not None and not entry.may_have_made(taker):
                return "FAILED, and the org took it"
            return None if entry.message else "FAILED without a reason"
        case "IGNORED":
            # A row that was deleted before it, or the change, was sent; what is not sent is not seen.
            return None if is_deleted and not is_seen else "not sent"
        case _:
            return "not settled"


def judge_records(steps: list[Step], entries: Mapping[Key, Entry], seen: Seen) -> dict[str, list[str]]:
    """Inserts that made more or fewer records than the log says; groups of equal rows go by their number."""
    wanted: Counter[Mark] = Counter()
    undecided: Counter[Mark] = Counter()
    for step in steps:
        entry = entries.get(key_of(step.table, step.row_id, step.action, step.ticket))
        if step.action == "INSERT" and entry is not None:
            wanted[step.table, str(step.marker)] += entry.state == "SUCCESS"
            undecided[step.table, str(step.marker)] += bool(entry.named)
    found = {
        "made more than once": [f"{key}: {seen.markers[key]} instead of {count}" for key, count in wanted.items()
                                if seen.markers[key] > count + undecided[key]],
        "SUCCESS, and not made": [f"{key}: {seen.markers[key]} instead of {count}" for key, count in wanted.items()
                                  if seen.markers[key] < count],
    }
    return {what: ids for what, ids in found.items() if ids}


@dataclass(frozen=True)
class Undecided:
    """Rows whose insert is FAILED because it cannot be told whether it has been made; and those that have a record."""

    rows: list[Row] = field(default_factory=list)
    made: list[Row] = field(default_factory=list)


def find_undecided(steps: list[Step], rows: Iterable[tuple[Any, ...]], seen: Seen) -> Undecided:
    """What a person would find who looks at the records named. Merged inserts have later tickets: they go by row."""
    entries = {(table, row_id): Entry(state, message)
               for table, row_id, action, _, state, message in rows if action == "INSERT"}
    doubted: dict[Mark, list[Row]] = defaultdict(list)
    spare = Counter(seen.markers)
    for step in (step for step in steps if step.action == "INSERT"):
        row, mark = (step.table, step.row_id), (step.table, str(step.marker))
        entry = entries.get(row)
        if entry is not None and entry.named:
            doubted[mark].append(row)
        elif entry is not None:
            spare[mark] -= entry.state == "SUCCESS"
    return Undecided([row for rows in doubted.values() for row in rows],
                     [row for mark, rows in doubted.items() for row in rows[:max(0, spare[mark])]])
