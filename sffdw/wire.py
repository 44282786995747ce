"""An HTTP session whose sockets can be shut from another thread, from before they connect until they close.

Built on requests, because simple-salesforce speaks through a requests session. No redirects, no .netrc, no retries:
what to do about a failure is transport.py's business.
"""

import socket
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from sffdw.options import is_loopback

Result = TypeVar("Result")


class Sockets:
    """The open sockets of a session. Duplicated descriptors: TLS takes over the ones it is given.

    sent: set when a request has gone out, for who wants to know.
    """

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self.sent = Event()

    def watch(self, opened: socket.socket) -> socket.socket:
        """Remember a socket; the duplicate given back is the key to forget it by."""
        double = opened.dup()
        self._open.add(double)
        return double

    def forget(self, double: socket.socket) -> None:
        self._open.discard(double)
        double.close()

    def shut(self) -> None:
        """Make every blocked connect, send and receive return."""
        for double in list(self._open):
            try:
                double.shutdown(socket.SHUT_RDWR)
            except OSError:
                # Closed meanwhile, or not yet connecting: nobody is blocked in it.
                continue


def at_once(works: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Do blocking work in as many threads, each of which takes no signals as the caller's takes none."""
    def attempt(work: Callable[[], Result]) -> Result | Exception:
        try:
            return work()
        except Exception as exc:  # noqa: BLE001 - given back, for who asked to judge it
            return exc

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(attempt, works))


def _connection_class(base: type[HTTPConnection], sockets: Sockets) -> type[HTTPConnection]:
    class Watched(base):  # type: ignore[misc, valid-type]
        _double: socket.socket | None = None

        def _new_conn(self) -> socket.socket:
            try:
                found = socket.getaddrinfo(self._dns_host, self.port, 0, socket.SOCK_STREAM)
            except (socket.gaierror, UnicodeError) as exc:
                reason = exc if isinstance(exc, socket.gaierror) else socket.gaierror(str(exc))
                raise NameResolutionError(self.host, self, reason) from exc
            for position, (family, kind, protocol, _, address) in enumerate(found, 1):
                try:
                    return self._connected(socket.socket(family, kind, protocol), address)
                except TimeoutError as exc:
                    failure: Exception = ConnectTimeoutError(self, f"{self.host}: timed out")
                    cause: Exception = exc
                except OSError as exc:
                    failure = NewConnectionError(self, f"{self.host}: {exc.strerror}")
                    cause = exc
                if position == len(found):
                    raise failure from cause
            raise NewConnectionError(self, f"{self.host}: no address")

        def _connected(self, opened: socket.socket, address: Any) -> socket.socket:
            self._forget()
            self._double = sockets.watch(opened)
            try:
                opened.settimeout(self.timeout)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.connect(address)
            except BaseException:
                opened.close()
                self._forget()
                raise
            return opened

        def _forget(self) -> None:
            if self._double is not None:
                sockets.forget(self._double)
                self._double = None

        def getresponse(self) -> Any:
            sockets.sent.set()
            return super().getresponse()

        def close(self) -> None:
            super().close()
            self._forget()

    return Watched


class Adapter(HTTPAdapter):
    """requests' adapter with connections that Sockets knows of."""

    def __init__(self, sockets: Sockets, connections: int) -> None:
        self._plain = type("Plain", (HTTPConnectionPool,),
                           {"ConnectionCls": _connection_class(HTTPConnection, sockets)})
        self._secure = type("Secure", (HTTPSConnectionPool,),
                            {"ConnectionCls": _connection_class(HTTPSConnection, sockets)})
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": self._plain, "https": self._secure}


def http_session(sockets: Sockets, *, host: str, ca_file: str, connections: int = 2) -> requests.Session:
    """A session that connects through the environment's proxies, but to loopback hosts directly.

    connections: how many are kept for what is sent at the same time.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_file or True
    session.proxies = {} if is_loopback(host) else {
        scheme: url for scheme, url in urllib.request.getproxies().items() if scheme in ("http", "https")}
    session.headers["User-Agent"] = "sffdw"
    for prefix in ("https://", "http://"):
        session.mount(prefix, Adapter(sockets, connections))
    return session
