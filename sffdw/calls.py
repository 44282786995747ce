"""API calls: what each is for, how many there were, and which are refused when the budget runs short.

The ledger is a file for each day (UTC), database, server and user, to which backends append under a lock; now and
then it is rewritten as totals. Readers get totals, never deltas, so that they can be copied into a table any number of
times: a copy that dies loses and doubles nothing.
"""

import datetime as dt
import errno
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sffdw.errors import ArgumentMissing, BudgetExhausted, RequestError
from sffdw.spool import Spool

# The percentage of the budget at which calls of a purpose stop: the more it matters, the longer it goes on.
STOPS_AT = {"settle": 100, "write": 98, "poll": 96, "deletes": 96, "changes": 96, "describe": 96, "live": 94,
            "load": 92, "formula": 90, "verify": 90}
PURPOSES = ("session", "describe", "poll", "deletes", "load", "write", "settle", "verify", "formula", "changes", "live")
# A budget that is used up is looked at again after this time: only an answer tells that calls have become free.
LOOK_AGAIN_S = 300.0
LOCK_WAIT_S = 2.0
KEPT_DAYS = 35
# A page is rewritten as totals when it is this long, and twice as long as it was after the last time.
COMPACT_BYTES = 1 << 16
# The page's id and its length when it was last rewritten.
HEADER = re.compile(rb"([0-9a-f]{32}) ([0-9]{10})\n")
HEADER_BYTES = 44


@dataclass(frozen=True)
class Purpose:
    """What a call is made for: one of PURPOSES, and the object it concerns, if it is one."""

    name: str
    object_name: str | None = None

    def key(self) -> str:
        return f"{self.name} {(self.object_name or '').lower()}"


LIVE = Purpose("live")
SESSION = Purpose("session")


def purpose_of(name: str, object_name: str | None) -> Purpose:
    """The purpose that the column `_purpose` names. Raises ArgumentMissing."""
    if name not in PURPOSES:
        raise ArgumentMissing(f'invalid value for "_purpose": "{name[:100]}"',
                              hint=f"Valid values are: {', '.join(PURPOSES)}.")
    return Purpose(name, object_name)


@dataclass
class Tally:
    """Calls of one purpose on one day. spent_at: the last one, in seconds since 1970. bytes: bodies, uncompressed."""

    purpose: str
    object_name: str | None
    call_count: int = 0
    row_count: int = 0
    byte_count: int = 0
    spent_at: float = 0.0

    def add(self, other: "Tally") -> None:
        self.call_count += other.call_count
        self.row_count += other.row_count
        self.byte_count += other.byte_count
        self.spent_at = max(self.spent_at, other.spent_at)

    def line(self) -> bytes:
        values = (self.purpose, self.object_name, self.call_count, self.row_count, self.byte_count, self.spent_at)
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"


@dataclass
class OrgUsage:
    """What the org has last said of its own count of calls in 24 hours, and the calls made since."""

    used: int
    limit: int
    told_at: float


@dataclass
class Sheet:
    """The totals of a day, by purpose and object whatever its case."""

    ledger_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, tally: Tally) -> None:
        key = Purpose(tally.purpose, tally.object_name).key()
        found = self.tallies.get(key)
        if found is None:
            found = self.tallies[key] = Tally(tally.purpose, tally.object_name)
        found.add(tally)

    def lines(self) -> bytes:
        return b"".join(tally.line() for tally in self.tallies.values())

    def page(self) -> bytes:
        lines = self.lines()
        return b"%s %010d\n%s" % (self.ledger_id.encode(), HEADER_BYTES + len(lines), lines)


def sheet_of(page: bytes | None) -> Sheet | None:
    """Sum up a page; None for nothing and for what an outage of the machine left behind. A torn line counts nothing."""
    header = HEADER.match(page or b"")
    if not page or header is None:
        return None
    made = Sheet(header[1].decode())
    for line in page[HEADER_BYTES:].splitlines():
        try:
            purpose, object_name, calls, rows, size, spent_at = json.loads(line)
        except ValueError:
            continue
        made.add(Tally(purpose, object_name, calls, rows, size, spent_at))
    return made


def usage_of(content: bytes | None) -> OrgUsage | None:
    """Read what was kept of the org's own count."""
    try:
        found = json.loads(content or b"null")
        return OrgUsage(int(found["used"]), int(found["limit"]), float(found["told_at"])) if found else None
    except (ValueError, KeyError, TypeError):
        # Torn by an outage: the next answer tells it anew.
        return None


class Ledger:
    """The calls of one server and user, by all backends; and this backend's own since it began."""

    def __init__(self, spool: Spool, key: str, clock: Callable[[], float] = time.time) -> None:
        self._spool = spool
        self._key = key
        self._clock = clock
        # What could not be entered yet.
        self._waiting = Sheet()
        self._told: OrgUsage | None = None
        self.own = Sheet()

    def spend(self, purpose: Purpose, budget_percent: int) -> None:
        """Enter a call that is about to be sent. Raises BudgetExhausted instead when the budget forbids it."""
        tally = Tally(purpose.name, purpose.object_name, call_count=1, spent_at=self._clock())
        self._waiting.add(tally)
        try:
            self._enter(lambda usage: self._allowed(usage, purpose, budget_percent))
        except BudgetExhausted:
            self._waiting.add(Tally(purpose.name, purpose.object_name, call_count=-1))
            raise
        self.own.add(tally)

    def take_back(self, purpose: Purpose) -> None:
        """The call just entered never reached Salesforce."""
        tally = Tally(purpose.name, purpose.object_name, call_count=-1)
        self.own.add(tally)
        self._waiting.add(tally)
        self.enter_rest()

    def add(self, purpose: Purpose, *, rows: int = 0, size: int = 0) -> None:
        """Note what a call brought; entered with the next call or by enter_rest()."""
        tally = Tally(purpose.name, purpose.object_name, row_count=rows, byte_count=size)
        self.own.add(tally)
        self._waiting.add(tally)

    def note_usage(self, used: int, limit: int) -> None:
        """Note what an answer said of the org's calls; entered as by add()."""
        self._told = OrgUsage(used, limit, self._clock())

    def enter_rest(self) -> None:
        """Enter what waits; what cannot be entered now goes with the next call."""
        if self._waiting.tallies or self._told:
            self._enter(lambda usage: usage)

    def usage(self) -> OrgUsage | None:
        """The org's count as any backend was last told it, and the calls made since."""
        return usage_of(self._spool.read(self._usage_file))

    def sheets(self, since: dt.date | None = None) -> Iterator[tuple[dt.date, Sheet]]:
        """The totals of all days kept, or since a day, oldest first."""
        for day in sorted(map(_day, self._spool.names(f"calls-{self._key}-", ".log"))):
            sheet = sheet_of(self._spool.read(self._name(day))) if since is None or day >= since else None
            if sheet:
                yield day, sheet

    # --- under the lock ---

    def _enter(self, judge: Callable[[OrgUsage | None], OrgUsage | None]) -> None:
        """Enter what waits, if judge allows it, which sees the org's count and gives it back as it then is."""
        try:
            with self._spool.locked(f"calls-{self._key}", LOCK_WAIT_S, "another session holds the count of calls"):
                before = self.usage()
                told = max(filter(None, (self._told, before)), default=None, key=lambda usage: usage.told_at)
                after = judge(told)
                if after != before:
                    self._spool.write(self._usage_file, json.dumps(vars(after)).encode())
                self._told = None
                if self._waiting.tallies:
                    self._append(self._waiting.lines())
                    self._waiting = Sheet()
        except (RequestError, OSError):
            # Another backend holds the lock for too long, or the disk is full: it waits for the next call.
            return

    def _append(self, lines: bytes) -> None:
        with self._spool.opened(self._name(self._today()), os.O_RDWR | os.O_APPEND | os.O_CREAT) as page:
            header = HEADER.match(os.pread(page, HEADER_BYTES, 0))
            if header is None:
                os.ftruncate(page, 0)
                self._forget_old()
                _write(page, Sheet().page() + lines, 0)
                return
            length = os.fstat(page).st_size
            # What was torn off must not run into what follows.
            _write(page, (b"" if os.pread(page, 1, length - 1) == b"\n" else b"\n") + lines, length)
            if length > max(COMPACT_BYTES, 2 * int(header[2])):
                self._compact()

    def _compact(self) -> None:
        name = self._name(self._today())
        sheet = sheet_of(self._spool.read(name))
        if sheet:
            self._spool.write(name, sheet.page())

    def _allowed(self, usage: OrgUsage | None, purpose: Purpose, budget_percent: int) -> OrgUsage | None:
        """The org's count with one more call. Raises BudgetExhausted."""
        if usage is None or not usage.limit or purpose.name == "session":
            return usage
        if self._clock() - usage.told_at > LOOK_AGAIN_S:
            # This call is the look, for all backends.
            return OrgUsage(usage.used + 1, usage.limit, self._clock())
        budget = usage.limit * budget_percent // 100
        allowed = budget * STOPS_AT[purpose.name] // 100
        if usage.used >= allowed:
            raise BudgetExhausted(
                f'the budget of API calls for purpose "{purpose.name}" is used up',
                detail=f"The org has made {usage.used} of {usage.limit} calls in 24 hours; api_budget_percent "
                       f"{budget_percent} allows {budget}, of which the last {budget - allowed} are kept for what "
                       "matters more.")
        return OrgUsage(usage.used + 1, usage.limit, usage.told_at)

    def _forget_old(self) -> None:
        oldest = self._today() - dt.timedelta(days=KEPT_DAYS)
        for name in self._spool.names(f"calls-{self._key}-", ".log"):
            if _day(name) < oldest:
                self._spool.remove(name)

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC).date()

    def _name(self, day: dt.date) -> str:
        return f"calls-{self._key}-{day.isoformat()}.log"

    @property
    def _usage_file(self) -> str:
        return f"usage-{self._key}.json"


def _write(page: int, content: bytes, length: int) -> None:
    """Append all or nothing to a file of that length."""
    if os.write(page, content) < len(content):
        os.ftruncate(page, length)
        raise OSError(errno.ENOSPC, "the page could not be written whole")


def _day(name: str) -> dt.date:
    return dt.date.fromisoformat(name.removesuffix(".log")[-10:])


def rows_in(answer: Any) -> int:
    """How many records an answer of Salesforce holds, whichever resource gave it."""
    if isinstance(answer, list):
        return len(answer)
    if not isinstance(answer, dict):
        return 0
    parts = answer.get("compositeResponse")
    if isinstance(parts, list):
        return sum(rows_in(part.get("body")) for part in parts if isinstance(part, dict))
    return next((len(found) for name in ("records", "deletedRecords", "ids")
                 if isinstance(found := answer.get(name), list)), 0)
