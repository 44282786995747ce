"""One session for all backends of a server and user: renewed once for everyone, whatever happens to them at once."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from sffdw.calls import Ledger
from sffdw.errors import Error
from sffdw.host import Host
from sffdw.options import Settings, settings_of
from sffdw.spool import Spool
from sffdw.transport import Transport

BACKENDS = 100


@dataclass
class TokenOrg(BaseAdapter):
    """An org that knows one valid session, and one refresh token that is good for one use."""

    valid: str = "00D000000000001!0"
    refresh: str = "r0"
    logins: list[str] = field(default_factory=list)
    before_login: Callable[[], None] = lambda: None
    refuses: bool = False
    lock: Any = field(default_factory=threading.Lock)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        if urlsplit(request.url).path.endswith("/oauth2/token"):
            self.before_login()
            return _response(request, *self._login(parse_qs(request.body)))
        if request.headers["Authorization"] == f"Bearer {self.valid}":
            return _response(request, 200, {})
        return _response(request, 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])

    def _login(self, form: dict[str, list[str]]) -> tuple[int, Any]:
        with self.lock:
            used = form["refresh_token"][0]
            self.logins.append(used)
            if self.refuses or used != self.refresh:
                return 400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}
            number = len(self.logins)
            self.valid, self.refresh = f"00D000000000001!{number}", f"r{number}"
            return 200, {"access_token": self.valid, "refresh_token": self.refresh,
                         "instance_url": "http://127.0.0.1:9", "id": "http://x/id/00D000000000001EAA/005000000000001AAA"}

    def close(self) -> None:
        """Nothing is open."""


def _response(request: Any, status: int, body: Any) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made.request = status, request.url, request
    made._content = json.dumps(body).encode()
    return made


@dataclass
class Waiting:
    """The backends that wait, as the host sees it."""

    threads: set[int] = field(default_factory=set)

    def __call__(self, seconds: float) -> None:
        self.threads.add(threading.get_ident())
        threading.Event().wait(seconds / 4)

    def for_others(self, count: int) -> None:
        """Return when that many wait."""
        for _ in range(2000):
            if len(self.threads) >= count:
                return
            threading.Event().wait(0.005)
        raise AssertionError("they do not wait")


@pytest.fixture
def token_settings(tmp_path: Path) -> Settings:
    return settings_of({"login_url": "http://127.0.0.1:9", "auth_flow": "refresh_token", "client_id": "app",
                        "refresh_token": "r0", "spool_directory": str(tmp_path / "spool")})


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(BACKENDS) as made:
        yield made


def backend(settings: Settings, waiting: Waiting, org: TokenOrg) -> Transport:
    host = Host(lambda work, stop: work(), waiting, lambda message, hint: None)
    spool = Spool(settings.spool_directory, host.pause)
    made = Transport(settings, host, spool, Ledger(spool, settings.key()))
    made._http.mount("http://", org)
    return made


def outcome(transport: Transport) -> str:
    try:
        return str(transport.call("GET", "limits").status)
    except Error as error:
        return error.sqlstate


def test_case_63_backends_whose_session_dies_at_once_make_one_refresh(token_settings: Settings,
                                                                      pool: ThreadPoolExecutor) -> None:
    org, waiting = TokenOrg(), Waiting()
    backends = [backend(token_settings, waiting, org) for _ in range(BACKENDS)]
    assert set(pool.map(outcome, backends)) == {"200"}
    assert org.logins == ["r0"]
    for count in (1, 2):
        org.valid = "none"
        assert set(pool.map(outcome, backends)) == {"200"}
        # Each token is good for one use: a second refresh by anyone would have been refused.
        assert org.logins == [f"r{number}" for number in range(count + 1)]


def test_a_refused_login_is_not_repeated_by_those_who_waited_for_it(token_settings: Settings,
                                                                    pool: ThreadPoolExecutor) -> None:
    waiting = Waiting()
    org = TokenOrg(refuses=True, before_login=lambda: waiting.for_others(BACKENDS - 1))
    backends = [backend(token_settings, waiting, org) for _ in range(BACKENDS)]
    assert set(pool.map(outcome, backends)) == {"SF001"}
    assert len(org.logins) == 1
    org.before_login = lambda: None
    assert outcome(backends[0]) == "SF001"
    assert len(org.logins) == 2
    org.refuses = False
    assert outcome(backends[1]) == "200"


def test_who_learns_the_users_name_late_does_not_bring_a_dead_session_back(token_settings: Settings) -> None:
    org, waiting = TokenOrg(), Waiting()
    slow, other = (backend(token_settings, waiting, org) for _ in range(2))
    assert outcome(slow) == "200"
    before = slow.session()
    org.valid = "none"
    assert outcome(other) == "200"
    slow._share_identity(before)
    assert outcome(backend(token_settings, waiting, org)) == "200"
    assert org.logins == ["r0", "r1"]
