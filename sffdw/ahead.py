"""The next page of a Bulk job's result, fetched while PostgreSQL works on the one before it.

A page's head names the next one. It is fetched in a thread of its own, one page at a time and no more of it than
MOST_BYTES, over a connection of its own: where the host has no threads nothing is read ahead. A page that the network
did not bring so is asked for again in the ordinary way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from urllib.parse import urlsplit

import requests

from sffdw.body import PIECE_BYTES, Body
from sffdw.calls import Purpose
from sffdw.errors import BudgetExhausted, RequestError, SessionExpired
from sffdw.failures import FOREIGN, failure
from sffdw.host import Host
from sffdw.options import Settings
from sffdw.transport import Transport, check
from sffdw.wire import Sockets, http_session

# Two of them are held at times. What is beyond is read when the page is: by then it is made, and on its way.
MOST_BYTES = 1 << 22
# Where connecting takes longer than this the page is not waited for.
SEND_WAIT_S = 1.0

Params = Mapping[str, str]


@dataclass
class Fetch:
    """An answer that is being read in a thread of its own. What it has found is looked at when the thread has ended."""

    path: str
    params: Params
    purpose: Purpose
    send: Callable[[], requests.Response]
    sent: Event
    pieces: list[bytes] = field(default_factory=list)
    response: requests.Response | None = None
    rest: Iterator[bytes] = field(default_factory=lambda: iter(()))
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._run, name="sffdw page ahead", daemon=True)

    def start(self) -> None:
        """Begin. The request is on its way then: a backend that works for PostgreSQL leaves little time to threads."""
        self.sent.clear()
        self._thread.start()
        self.sent.wait(SEND_WAIT_S)

    def end(self) -> None:
        """Wait for the thread, if a cancelled statement has let it begin."""
        if self._thread.ident is not None:
            self._thread.join()

    def size(self) -> int:
        return sum(map(len, self.pieces))

    def _run(self) -> None:
        try:
            self.response = self.send()
            self.rest = self.response.raw.stream(PIECE_BYTES, decode_content=True)
            while self.size() < MOST_BYTES and (piece := next(self.rest, b"")):
                self.pieces.append(piece)
        except Exception as exc:  # noqa: BLE001 - looked at by who takes the page
            self.error = exc
        finally:
            self.sent.set()


class PageAhead:
    """At most one page, of one backend."""

    def __init__(self, settings: Settings, host: Host, transport: Transport) -> None:
        self._settings = settings
        self._host = host
        self._transport = transport
        self._sockets = Sockets()
        self._http = http_session(self._sockets, host=urlsplit(settings.login_url).hostname or "",
                                  ca_file=settings.ca_file, connections=2)
        self._fetch: Fetch | None = None

    def begin(self, path: str, params: Params, purpose: Purpose) -> None:
        """Have a page fetched, unless it is; the budget of calls comes first."""
        if not self._host.has_threads or self._has(path, params):
            return
        self.drop()
        salesforce = self._transport.opened_on(self._http)
        try:
            self._transport.ledger.spend(purpose, self._settings.api_budget_percent)
        except BudgetExhausted:
            # Of the page itself the budget says so.
            return
        fetch = self._fetch = Fetch(path, params, purpose, lambda: salesforce._call_salesforce(
            "GET", salesforce.base_url + path, params=params, headers={"Accept": "text/csv"},
            timeout=(self._settings.connect_timeout, self._settings.read_timeout), allow_redirects=False, stream=True),
            self._sockets.sent)
        # A thread begun by a worker takes no signals, as the worker takes none.
        self._host.run(fetch.start, self._sockets.shut)

    def take(self, path: str, params: Params) -> Body | None:
        """The page, if it was fetched: from then on it is the caller's."""
        fetch = self._fetch
        if fetch is None or not self._has(path, params):
            return None
        self._host.run(fetch.end, self._sockets.shut)
        self._fetch = None
        response = self._judged(fetch)
        if response is None:
            return None
        return Body(
            response, self._host, self._sockets.shut, lambda exc: failure(exc, self._settings),
            lambda size: self._transport.ledger.add(fetch.purpose, size=size), fetch.pieces, fetch.rest)

    def drop(self) -> None:
        """Forget the page: nobody will ask for it."""
        fetch = self._fetch
        if fetch is None:
            return
        self._sockets.shut()
        self._host.run(fetch.end, self._sockets.shut)
        self._fetch = None
        self._forget(fetch)

    def _has(self, path: str, params: Params) -> bool:
        # Whatever its size: the locator says where it begins, and its head where the one behind it does.
        return self._fetch is not None and (self._fetch.path, self._fetch.params.get("locator")) == (
            path, params.get("locator"))

    def _judged(self, fetch: Fetch) -> requests.Response | None:
        """The answer; None where another attempt may have a better one. Raises what Salesforce says against it."""
        if fetch.response is not None:
            self._transport.note(fetch.response)
        if fetch.error is None and fetch.response is not None:
            check(fetch.response)
            return fetch.response
        self._forget(fetch)
        if fetch.error is None:
            return None
        if not isinstance(fetch.error, FOREIGN):
            raise fetch.error
        try:
            self._transport.failed(fetch.error, fetch.purpose)
        except RequestError as error:
            if not (isinstance(error, SessionExpired) or error.is_transient):
                raise
        return None

    def _forget(self, fetch: Fetch) -> None:
        if fetch.response is not None:
            fetch.response.close()
        self._transport.ledger.add(fetch.purpose, size=fetch.size())
