"""API calls: what each is for, how many there were, and which are refused when the budget runs short.

The ledger is a file for each day (UTC), database, server and user, which backends change under a lock. It holds totals,
never deltas, so that it can be copied into a table any number of times: a copy that dies loses and doubles nothing.
"""

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sffdw.errors import ArgumentMissing, BudgetExhausted, RequestError
from sffdw.spool import Spool
from sffdw.types import json_text, parse_json

# The percentage of the budget at which calls of a purpose stop: the more it matters, the longer it goes on.
STOPS_AT = {"settle": 100, "write": 98, "poll": 96, "deletes": 96, "changes": 96, "describe": 96, "live": 94,
            "load": 92, "formula": 90, "verify": 90}
PURPOSES = ("session", "describe", "poll", "deletes", "load", "write", "settle", "verify", "formula", "changes", "live")
# A budget that is used up is looked at again after this time: only an answer tells that calls have become free.
LOOK_AGAIN_S = 300.0
LOCK_WAIT_S = 2.0
KEPT_DAYS = 35


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


@dataclass
class OrgUsage:
    """What the org has last said of its own count of calls in 24 hours, and the calls made since."""

    used: int
    limit: int
    told_at: float


@dataclass
class Sheet:
    """The ledger's page for a day."""

    ledger_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    tallies: dict[str, Tally] = field(default_factory=dict)
    usage: OrgUsage | None = None

    def add(self, tally: Tally) -> None:
        key = Purpose(tally.purpose, tally.object_name).key()
        self.tallies.setdefault(key, Tally(tally.purpose, tally.object_name)).add(tally)

    def to_json(self) -> bytes:
        return json_text({"ledger_id": self.ledger_id, "usage": vars(self.usage) if self.usage else None,
                          "tallies": [vars(tally) for tally in self.tallies.values()]}).encode()


def sheet_of(content: bytes | None) -> Sheet | None:
    """Read what Sheet.to_json wrote; None for nothing and for what an outage of the machine left behind."""
    try:
        found = parse_json(content or b"null")
        if not found:
            return None
        made = Sheet(str(found["ledger_id"]))
        for entry in found["tallies"]:
            made.add(Tally(**entry | {"spent_at": float(entry["spent_at"])}))
        usage = found["usage"]
        made.usage = OrgUsage(int(usage["used"]), int(usage["limit"]), float(usage["told_at"])) if usage else None
    except (ValueError, KeyError, TypeError):
        return None
    return made


class Ledger:
    """The calls of one server and user, by all backends; and this backend's own since it began."""

    def __init__(self, spool: Spool, key: str, clock: Callable[[], float] = time.time) -> None:
        self._spool = spool
        self._key = key
        self._clock = clock
        # What could not be entered yet.
        self._waiting = Sheet()
        self.own = Sheet()

    def spend(self, purpose: Purpose, budget_percent: int) -> None:
        """Enter a call that is about to be sent. Raises BudgetExhausted instead when the budget forbids it."""
        tally = Tally(purpose.name, purpose.object_name, call_count=1, spent_at=self._clock())

        def enter(sheet: Sheet) -> None:
            self._check(sheet, purpose, budget_percent)
            sheet.add(tally)
            if sheet.usage and purpose.name != "session":
                sheet.usage.used += 1

        if not self._change(enter):
            self._waiting.add(tally)
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
        self._waiting.usage = OrgUsage(used, limit, self._clock())

    def enter_rest(self) -> None:
        """Enter what waits; what cannot be entered now goes with the next call."""
        if self._waiting.tallies or self._waiting.usage:
            self._change(lambda sheet: None)

    def usage(self) -> OrgUsage | None:
        """The org's count as any backend was last told it today."""
        today = sheet_of(self._spool.read(self._name(self._today())))
        return today.usage if today else None

    def sheets(self, since: dt.date | None = None) -> Iterator[tuple[dt.date, Sheet]]:
        """The pages of all days kept, or since a day, oldest first."""
        for day in sorted(map(self._day, self._spool.names(f"calls-{self._key}-"))):
            sheet = sheet_of(self._spool.read(self._name(day))) if since is None or day >= since else None
            if sheet:
                yield day, sheet

    def _change(self, change: Callable[[Sheet], None]) -> bool:
        """Change today's page, what waits included. False: another backend holds it for too long."""
        name = self._name(self._today())
        try:
            with self._spool.locked(f"calls-{self._key}", LOCK_WAIT_S, "another session holds the count of calls"):
                sheet = sheet_of(self._spool.read(name)) or self._new_sheet()
                for tally in self._waiting.tallies.values():
                    sheet.add(tally)
                sheet.usage = max(filter(None, (self._waiting.usage, sheet.usage)), default=None,
                                  key=lambda usage: usage.told_at)
                change(sheet)
                self._spool.write(name, sheet.to_json())
                self._waiting = Sheet()
        except RequestError:
            return False
        return True

    def _check(self, sheet: Sheet, purpose: Purpose, budget_percent: int) -> None:
        usage = sheet.usage
        if usage is None or not usage.limit or purpose.name == "session":
            return
        if self._clock() - usage.told_at > LOOK_AGAIN_S:
            # This call is the look, for all backends.
            usage.told_at = self._clock()
            return
        budget = usage.limit * budget_percent // 100
        allowed = budget * STOPS_AT[purpose.name] // 100
        if usage.used >= allowed:
            raise BudgetExhausted(
                f'the budget of API calls for purpose "{purpose.name}" is used up',
                detail=f"The org has made {usage.used} of {usage.limit} calls in 24 hours; api_budget_percent "
                       f"{budget_percent} allows {budget}, of which the last {budget - allowed} are kept for what "
                       "matters more.")

    def _new_sheet(self) -> Sheet:
        oldest = self._today() - dt.timedelta(days=KEPT_DAYS)
        for name in self._spool.names(f"calls-{self._key}-"):
            if self._day(name) < oldest:
                self._spool.remove(name)
        return Sheet()

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self._clock(), dt.UTC).date()

    def _name(self, day: dt.date) -> str:
        return f"calls-{self._key}-{day.isoformat()}.json"

    @staticmethod
    def _day(name: str) -> dt.date:
        return dt.date.fromisoformat(name[-15:-5])


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
