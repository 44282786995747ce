"""One user's way to one org: sessions, requests, retries.

simple-salesforce is the session layer; what it cannot do (plain http to loopback, one refresh for all backends,
interruptible waiting) is put around it. Blocking work goes through Host.run, waiting through Host.pause.
"""

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from sffdw import auth
from sffdw.answers import Answer, refused, unreadable
from sffdw.auth import Session
from sffdw.body import Body
from sffdw.calls import LIVE, SESSION, Ledger, Purpose
from sffdw.errors import AuthenticationError, BudgetExhausted, Error, OrgMismatch, RequestError, SessionExpired
from sffdw.failures import FOREIGN, failure
from sffdw.host import Host
from sffdw.options import Settings
from sffdw.retry import MAX_PAUSES_S, rule_for
from sffdw.simple import Salesforce, SalesforceError
from sffdw.spool import Spool
from sffdw.types import json_text, parse_json
from sffdw.wire import Sockets, at_once, http_session

# As long as others wait for a login that is under way.
LOGIN_WAIT_S = 30.0
Result = TypeVar("Result")
# Method, path and content.
Request = tuple[str, str, bytes | None]


class _Salesforce(Salesforce):
    """simple-salesforce's session on the instance's own scheme: it writes https before every host."""

    def __init__(self, session: Session, version: str, http: requests.Session) -> None:
        super().__init__(session_id=session.access_token, instance_url=session.instance_url, version=version,
                         session=http)
        for name in ("base_url", "apex_url", "bulk_url", "bulk2_url", "metadata_url", "tooling_url", "oauth2_url"):
            path = urlsplit(getattr(self, name)).path
            setattr(self, name, session.instance_url + path)
        # Indented answers are a third longer.
        self.headers.pop("X-PrettyPrint", None)


class Transport:
    """Requests to one org as one user. Not safe for threads: a backend has one statement at a time."""

    def __init__(self, settings: Settings, host: Host, spool: Spool, ledger: Ledger) -> None:
        self._settings = settings
        self._host = host
        self._spool = spool
        self._sockets = Sockets()
        self._http = http_session(self._sockets, host=urlsplit(settings.login_url).hostname or "",
                                  ca_file=settings.ca_file, connections=max(2, settings.parallel_requests))
        self._http.hooks["response"].append(self.note)
        self._session: Session | None = None
        self._salesforce: _Salesforce | None = None
        self._clock: tuple[float, float] | None = None
        self._retry_after_s = 0.0
        self.ledger = ledger

    # --- requests ---

    def call(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None,
             headers: Mapping[str, str] | None = None, is_read: bool = True, purpose: Purpose = LIVE) -> Answer:
        """Send a request; path is absolute or relative to /services/data/vXX.0/. is_read: it may be sent twice.

        body: what becomes JSON, or bytes to be sent as they are.
        """
        content = body if body is None or isinstance(body, bytes) else json_text(body).encode()

        def send() -> Answer:
            return self._exchange(self._work(method, path, content, purpose, params=params, headers=headers), purpose)

        return self._with_retries(lambda: self._with_session(send), is_read)

    def _work(self, method: str, path: str, content: bytes | None, purpose: Purpose, *,
              params: Mapping[str, str] | None = None,
              headers: Mapping[str, str] | None = None) -> Callable[[], requests.Response]:
        """What sends a request once, in whatever thread it is called."""
        salesforce, session = self._opened()
        url = session.instance_url + path if path.startswith("/") else salesforce.base_url + path
        self.ledger.add(purpose, size=len(content or b""))

        def work() -> requests.Response:
            found: requests.Response = salesforce._call_salesforce(
                method, url, params=params, data=content, headers=dict(headers or {}), timeout=self._timeout,
                allow_redirects=False)
            return found

        return work

    def change_at_once(self, wanted: Sequence[Request], purpose: Purpose) -> list[Answer | Error]:
        """Send requests that change records, all at the same time. Of each its answer, or why there is none.

        Those that surely had no effect and are worth another attempt follow one after the other.
        """
        found = self._exchange_all(wanted, purpose)
        for place, (method, path, content) in enumerate(wanted):
            error = found[place]
            rule = rule_for(error, is_read=False) if isinstance(error, RequestError) else None
            if rule or isinstance(error, SessionExpired):
                self._host.pause(rule.pause_s(1) if rule else 0.0)
                try:
                    found[place] = self.call(method, path, body=content, is_read=False, purpose=purpose)
                except Error as again:
                    found[place] = again
        return found

    def _exchange_all(self, wanted: Sequence[Request], purpose: Purpose) -> list[Answer | Error]:
        works, refusal = list[Callable[[], requests.Response]](), list[Answer | Error]()
        try:
            for method, path, content in wanted:
                works.append(self._work(method, path, content, purpose))
                self.ledger.spend(purpose, self._settings.api_budget_percent)
        except BudgetExhausted as error:
            works.pop()
            refusal = [error] * (len(wanted) - len(works))
        outcomes = self._host.run(lambda: at_once(works), self._sockets.shut) if works else []
        return [self._told(outcome, purpose) for outcome in outcomes] + refusal

    def _told(self, outcome: requests.Response | Exception, purpose: Purpose) -> Answer | Error:
        try:
            if isinstance(outcome, FOREIGN):
                return self.failed(outcome, purpose)
            if isinstance(outcome, Exception):
                raise outcome
            return self._received(outcome, purpose)
        except Error as error:
            return error

    def stream(self, path: str, *, params: Mapping[str, str], purpose: Purpose = LIVE) -> Body:
        """GET an answer that may be too long for the memory; path is relative. Read it to its end or close it."""

        def send() -> Body:
            salesforce, _ = self._opened()
            self.ledger.spend(purpose, self._settings.api_budget_percent)
            try:
                response = self._host.run(lambda: salesforce._call_salesforce(
                    "GET", salesforce.base_url + path, params=params, headers={"Accept": "text/csv"},
                    timeout=self._timeout, allow_redirects=False, stream=True), self._sockets.shut)
            except FOREIGN as exc:
                self.failed(exc, purpose)
            check(response)
            return Body(response, self._host, self._sockets.shut, lambda exc: failure(exc, self._settings),
                        lambda size: self.ledger.add(purpose, size=size))

        return self._with_retries(lambda: self._with_session(send), is_read=True)

    def call_openly(self, path: str) -> Answer:
        """GET a resource that needs no session and costs no API call."""
        url = (self._session.instance_url if self._session else self._settings.login_url) + path
        return self._with_retries(lambda: self._exchange(lambda: self._http.get(
            url, timeout=self._timeout, allow_redirects=False), None), is_read=True)

    def post_uncounted(self, path: str, body: Any, read_timeout_s: float, *, check: Callable[[Answer], None]) -> Answer:
        """POST once to a resource that needs a session and costs no API call. check may raise SessionExpired."""
        content = json_text(body).encode()

        def send() -> Answer:
            salesforce, session = self._opened()
            answer = self._exchange(lambda: salesforce._call_salesforce(
                "POST", session.instance_url + path, data=content,
                timeout=(self._settings.connect_timeout, read_timeout_s), allow_redirects=False), None)
            check(answer)
            return answer

        return self._with_session(send)

    @property
    def _timeout(self) -> tuple[float, float]:
        return self._settings.connect_timeout, self._settings.read_timeout

    def _exchange(self, request: Callable[[], requests.Response], purpose: Purpose | None) -> Answer:
        """Send once. purpose None: it is no API call."""
        if purpose:
            self.ledger.spend(purpose, self._settings.api_budget_percent)
        try:
            response = self._host.run(request, self._sockets.shut)
        except FOREIGN as exc:
            return self.failed(exc, purpose)
        return self._received(response, purpose)

    def _received(self, response: requests.Response, purpose: Purpose | None) -> Answer:
        if purpose:
            self.ledger.add(purpose, size=len(response.content))
        check(response)
        return Answer(response.status_code, response.content, response.headers)

    def failed(self, exc: Exception, purpose: Purpose | None) -> Answer:
        if isinstance(exc, SalesforceError) and exc.status == 304:
            return Answer(304, b"", {})
        error = failure(exc, self._settings)
        if purpose and isinstance(error, RequestError) and error.reason == "unreachable":
            self.ledger.take_back(purpose)
        else:
            self.ledger.enter_rest()
        raise error from exc

    def _with_retries(self, send: Callable[[], Result], is_read: bool) -> Result:
        attempt, left = 1, MAX_PAUSES_S
        while True:
            self._retry_after_s = 0.0
            try:
                return send()
            except RequestError as error:
                rule = None if error.is_final else rule_for(error, is_read=is_read)
                pause = max(rule.pause_s(attempt), self._retry_after_s) if rule else 0.0
                if rule is None or attempt >= rule.attempts or pause > left:
                    # A login's retries must not be multiplied by those of the request that needs it.
                    error.is_final = True
                    raise
                self._host.pause(pause)
                left -= pause
                attempt += 1

    # --- what every answer tells ---

    def note(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        usage = re.search(r"(?:^|[ ;])api-usage=([0-9]+)/([0-9]+)", response.headers.get("Sforce-Limit-Info", ""))
        if usage:
            self.ledger.note_usage(int(usage.group(1)), int(usage.group(2)))
        wait = response.headers.get("Retry-After", "")
        self._retry_after_s = float(wait) if wait.isdecimal() else 0.0
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return
        self._clock = (told.timestamp(), time.monotonic())

    def server_time(self) -> float | None:
        """Salesforce's clock in whole seconds since 1970, never ahead of it; None before the first answer."""
        if self._clock is None:
            return None
        told, seen_at = self._clock
        return math.floor(told + time.monotonic() - seen_at)

    # --- sessions ---

    def session(self) -> Session:
        """Who we are; logs in when nobody has."""
        if self._session is None:
            self._take(self._given() or self._stored() or self._renewed(None))
        assert self._session is not None
        return self._session

    def identify(self) -> Session:
        """The session with the names of org and user, which not every flow is told at login."""
        session = self.session()
        if not (session.org_id and session.user_id and session.username):
            answer = self._with_session(lambda: self._exchange(self._ask_identity, SESSION))
            self.ledger.enter_rest()
            session = auth.with_identity(self.session(), answer.json())
            self._session = session
            self._share_identity(session)
        return session

    def _share_identity(self, session: Session) -> None:
        """Complete the session that backends share, unless another has renewed it meanwhile."""
        if self._settings.credentials.auth_flow == "token":
            return
        with self._login_lock():
            stored = self._stored()
            if stored and stored.access_token == session.access_token:
                self._spool.write(self._session_file, session.to_json())

    def _login_lock(self) -> AbstractContextManager[None]:
        return self._spool.locked(self._session_file, LOGIN_WAIT_S, "another session is still logging in to Salesforce")

    def _ask_identity(self) -> requests.Response:
        salesforce, session = self._opened()
        found: requests.Response = salesforce._call_salesforce(
            "GET", f"{session.instance_url}/services/oauth2/userinfo", timeout=self._timeout, allow_redirects=False)
        return found

    def _opened(self) -> tuple[_Salesforce, Session]:
        session = self.session()
        assert self._salesforce is not None
        return self._salesforce, session

    def _with_session(self, send: Callable[[], Result]) -> Result:
        """Send; when the session has died, log in once and send once more."""
        self.session()
        used = self._session
        try:
            return send()
        except SessionExpired:
            self._take(self._renewed(used))
        return send()

    def opened_on(self, http: requests.Session) -> Salesforce:
        """The session by other connections than ours, for another thread."""
        return _Salesforce(self.session(), self._settings.api_version, http)

    @property
    def _session_file(self) -> str:
        return f"session-{self._settings.key()}.json"

    @property
    def _refusal_file(self) -> str:
        return f"refusal-{self._settings.key()}.json"

    def _given(self) -> Session | None:
        return auth.given_session(self._settings) if self._settings.credentials.auth_flow == "token" else None

    def _stored(self) -> Session | None:
        return auth.session_from_json(self._spool.read(self._session_file))

    def _take(self, session: Session) -> None:
        """Use a session. One that leads to another org ends the statement that was reading the first."""
        before, self._session = self._session, session
        self._salesforce = _Salesforce(session, self._settings.api_version, self._http)
        if before and before.org_id and session.org_id and before.org_id != session.org_id:
            raise OrgMismatch("the login now leads to another org",
                              detail=f"It was {before.org_id} and is {session.org_id}.")

    def _renewed(self, dead: Session | None) -> Session:
        """Log in, unless another backend has done so since the dead session was taken."""
        if self._given():
            auth.token_request(self._settings, dead)
        waited_since = time.time()
        with self._login_lock():
            stored = self._stored()
            if stored and (dead is None or stored.access_token != dead.access_token):
                return stored
            auth.raise_refusal(self._spool.read(self._refusal_file), waited_since)
            try:
                session = self._log_in(stored)
            except AuthenticationError as error:
                self._spool.write(self._refusal_file, auth.refusal_to_json(error, time.time()))
                raise
            # A refresh token may be good for one use: the one that came instead must not be lost.
            self._spool.write(self._session_file, session.to_json(), is_durable=True)
            return session

    def _log_in(self, stored: Session | None) -> Session:
        request = auth.token_request(self._settings, stored)

        def send() -> requests.Response:
            return self._http.post(request.url, data=dict(request.form), timeout=self._timeout, allow_redirects=False)

        def attempt() -> Any:
            self.ledger.spend(SESSION, self._settings.api_budget_percent)
            try:
                response = self._host.run(send, self._sockets.shut)
            except FOREIGN as exc:
                self.failed(exc, SESSION)
            self.ledger.add(SESSION, size=len(response.content))
            self.ledger.enter_rest()
            return self._login_answer(response)

        return auth.session_from_answer(self._with_retries(attempt, is_read=True), self._settings, stored)

    def _login_answer(self, response: requests.Response) -> Any:
        try:
            answer = parse_json(response.content)
        except ValueError:
            raise unreadable(response.status_code, response.content) from None
        if response.status_code in (200, 201):
            return answer
        if response.status_code >= 500:
            raise refused(response.status_code, response.text)
        raise auth.refusal(self._settings, response.status_code, answer)


def check(response: requests.Response) -> None:
    """Raises for an answer that is none of Salesforce's."""
    if response.status_code >= 300:
        raise refused(response.status_code, response.text)
    if "html" in response.headers.get("Content-Type", ""):
        raise unreadable(response.status_code, response.content)
