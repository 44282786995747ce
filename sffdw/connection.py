"""What a backend keeps between statements: one connection for each server and user. The only mutable module state.

simple-salesforce costs 0.2 s and 37 MB: it is imported when a request is made, not when a query is planned.
"""

import datetime as dt
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sffdw.calls import Ledger
from sffdw.host import Host
from sffdw.options import Settings, settings_of
from sffdw.spool import Spool

if TYPE_CHECKING:
    from sffdw.bulk import Bulk
    from sffdw.client import Client
    from sffdw.events import Stream
    from sffdw.ingest import Ingest

# Results of writes wait in memory until somebody reads them; the oldest batches go first.
MAX_KEPT_RESULTS = 200_000
MAX_READ_PAGES = 100


@dataclass
class Known:
    """A describe as Salesforce gave it, when it was last confirmed (seconds since 1970), and what is made of it."""

    raw: dict[str, Any]
    last_modified: str | None
    confirmed_at: float
    parsed: Any = None


class Results:
    """Results of `_write` by batch, within a bound on all of them."""

    def __init__(self, bound: int = MAX_KEPT_RESULTS) -> None:
        self._batches: OrderedDict[str, list[Any]] = OrderedDict()
        self._bound = bound
        self._count = 0

    def add(self, batch_id: str, result: Any) -> None:
        self._batches.setdefault(batch_id, []).append(result)
        self._batches.move_to_end(batch_id)
        self._count += 1
        while self._count > self._bound and len(self._batches) > 1:
            self._count -= len(self._batches.popitem(last=False)[1])

    def of(self, batch_id: str) -> list[Any]:
        return list(self._batches.get(batch_id, ()))


@dataclass(frozen=True)
class ReadPage:
    """A page of a Bulk job's result that was read to its end."""

    job_id: str
    locator: str
    next_locator: str | None
    record_count: int
    byte_count: int


@dataclass
class Connection:
    """One user's way to one org, and what is known of it."""

    settings: Settings
    host: Host
    describes: dict[str, Known] = field(default_factory=dict)
    results: Results = field(default_factory=Results)
    row_counts: dict[str, int] = field(default_factory=dict)
    # How many fields of an object a statement may have; None: nothing is known against all.
    widths: dict[str, int | None] = field(default_factory=dict)
    # The last pages of Bulk jobs, for who must go on behind them.
    read_pages: deque[ReadPage] = field(default_factory=lambda: deque(maxlen=MAX_READ_PAGES))
    # Jobs of statements that were cancelled, to be given back by the next one that has to do with Bulk.
    left_jobs: list[str] = field(default_factory=list)

    @cached_property
    def spool(self) -> Spool:
        return Spool(self.settings.spool_directory, self.host.pause)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.spool, f"{self.settings.key()}-{self.host.database()}")

    @cached_property
    def client(self) -> "Client":
        from sffdw.client import Client
        from sffdw.transport import Transport

        return Client(Transport(self.settings, self.host, self.spool, self.ledger), self.settings.api_version,
                      assigns=self.settings.use_assignment_rules)

    @cached_property
    def bulk(self) -> "Bulk":
        from sffdw.ahead import PageAhead
        from sffdw.bulk import Bulk

        return Bulk(self.client, self.host.split, PageAhead(self.settings, self.host, self.client.transport))

    @cached_property
    def ingest(self) -> "Ingest":
        from sffdw.ingest import Ingest

        return Ingest(self.client, self.host.split)

    @cached_property
    def stream(self) -> "Stream":
        from sffdw.events import Stream

        return Stream(self.client.transport, self.settings.api_version)

    def server_time(self) -> dt.datetime:
        """Salesforce's clock now. Asked for each time, by a request that is no API call: nothing else is as sure."""
        self.client.transport.call_openly("/services/data")
        told = self.client.transport.server_time()
        return dt.datetime.now(dt.UTC) if told is None else dt.datetime.fromtimestamp(told, dt.UTC)


_connections: dict[Settings, Connection] = {}


def connect(options: Mapping[str, str], host: Host) -> Connection:
    """The connection for the merged options of a foreign table; the same one for the same server and user."""
    settings = settings_of(options)
    if settings not in _connections:
        _connections[settings] = Connection(settings, host)
    return _connections[settings]
