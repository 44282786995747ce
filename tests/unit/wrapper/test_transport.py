"""Sessions, retries and budgets, over an HTTP that answers from a list."""

import email.utils
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from sffdw.answers import Answer
from sffdw.calls import Ledger, Purpose
from sffdw.errors import BudgetExhausted, Error, RequestError
from sffdw.host import Host
from sffdw.options import Settings, settings_of
from sffdw.retry import MAX_PAUSES_S, RETRY_RULES, RetryRule
from sffdw.spool import Spool
from sffdw.transport import Transport

TOKEN = {"access_token": "00D000000000001!one", "instance_url": "http://127.0.0.1:9",
         "id": "http://x/id/00D000000000001EAA/005000000000001AAA"}
EXPIRED = (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])


@dataclass
class Wire(BaseAdapter):
    """Each request takes the next answer: (status, body[, headers]), an exception, or a function of the request."""

    answers: list[Any]
    seen: list[Any] = field(default_factory=list)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.seen.append(request)
        is_login = urlsplit(request.url).path.endswith("/oauth2/token")
        answer: Any = (200, TOKEN) if is_login and not self._has_login() else self.answers.pop(0)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.headers.update(headers[0] if headers else {})
        response._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return response

    def _has_login(self) -> bool:
        return bool(self.answers) and getattr(self.answers[0], "is_login", False)

    def close(self) -> None:
        """Nothing is open."""

    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.seen]


def login(answer: Any) -> Callable[[Any], Any]:
    def give(request: Any) -> Any:
        return answer
    give.is_login = True  # type: ignore[attr-defined]
    return give


def transport_with(settings: Settings, host: Host, *answers: Any) -> tuple[Transport, Wire]:
    spool = Spool(settings.spool_directory, host.pause)
    made = Transport(settings, host, spool, Ledger(spool, settings.key()))
    wire = Wire(list(answers))
    for prefix in ("http://", "https://"):
        made._http.mount(prefix, wire)
    return made, wire


def test_the_first_call_logs_in_and_carries_the_token(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, (200, {"records": []}), (200, {}))
    assert transport.call("GET", "query", params={"q": "SELECT Id FROM X WHERE Name = '&%'"}).json() == {"records": []}
    transport.call("GET", "/services/data/v62.0/query/more")
    assert wire.paths() == ["/services/oauth2/token", "/services/data/v62.0/query", "/services/data/v62.0/query/more"]
    assert wire.seen[1].headers["Authorization"] == "Bearer 00D000000000001!one"
    assert parse_qs(urlsplit(wire.seen[1].url).query)["q"] == ["SELECT Id FROM X WHERE Name = '&%'"]
    assert wire.seen[1].url.startswith("http://127.0.0.1:9/")


def test_backends_share_a_session(settings: Settings, host: Host) -> None:
    transport_with(settings, host, (200, {}))[0].call("GET", "limits")
    other, wire = transport_with(settings, host, (200, {}))
    other.call("GET", "limits")
    assert wire.paths() == ["/services/data/v62.0/limits"]


def test_case_63_an_expired_session_is_renewed_once(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, (200, {}), EXPIRED, login((200,
    TOKEN | {"access_token": "00D000000000001!two"})),
                                     (200, {"a": 1}))
    transport.call("GET", "limits")
    assert transport.call("GET", "limits").json() == {"a": 1}
    assert wire.seen[-1].headers["Authorization"] == "Bearer 00D000000000001!two"


def test_case_63_a_session_that_stays_refused_ends_after_one_renewal(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, EXPIRED, login((200,
    TOKEN | {"access_token": "00D000000000001!two"})), EXPIRED)
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits")
    assert caught.value.sqlstate == "SF001"
    assert wire.paths().count("/services/oauth2/token") == 2


def test_case_63_a_session_renewed_by_another_backend_is_taken_over(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, (200, {}), EXPIRED, (200, {}))
    transport.call("GET", "limits")
    spool = Spool(settings.spool_directory, host.pause)
    stored = json.loads(spool.read(transport._session_file) or b"")
    spool.write(transport._session_file, json.dumps(stored | {"access_token": "00D000000000001!two"}).encode())
    transport.call("GET", "limits")
    assert wire.paths().count("/services/oauth2/token") == 1
    assert wire.seen[-1].headers["Authorization"] == "Bearer 00D000000000001!two"


def test_case_71_a_login_that_leads_to_another_org_ends_the_statement(settings: Settings, host: Host) -> None:
    other = TOKEN | {"access_token": "00D000000000002!x", "id": "http://x/id/00D000000000002EAA/005000000000001AAA"}
    transport, _wire = transport_with(settings, host, (200, {}), EXPIRED, login((200, other)), (200, {}))
    transport.call("GET", "limits")
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits")
    assert caught.value.sqlstate == "SF002"
    assert transport.call("GET", "limits").status == 200
    assert transport.session().org_id == "00D000000000002EAA"


def test_a_given_token_is_not_renewed(host: Host, settings: Settings) -> None:
    given = settings_of({"login_url": "http://127.0.0.1:9", "auth_flow": "token", "access_token": "t",
                         "instance_url": "http://127.0.0.1:9", "spool_directory": settings.spool_directory})
    transport, wire = transport_with(given, host, EXPIRED)
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits")
    assert "access_token" in str(caught.value.hint)
    assert wire.paths() == ["/services/data/v62.0/limits"]


CUT = requests.exceptions.ChunkedEncodingError("Connection broken")
HTML = (502, "<html>Bad gateway</html>")
BUSY = (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server Too Busy"}])
CONCURRENT = (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}])


@pytest.mark.parametrize("trouble", [
    CUT, HTML, BUSY, CONCURRENT, (406, ""), (420, ""), (429, ""), requests.exceptions.ReadTimeout(),
    requests.exceptions.ConnectTimeout(), (200, "<html>maintenance</html>", {"Content-Type": "text/html"}),
    (400, [{"errorCode": "QUERY_TIMEOUT", "message": ""}])])
def test_case_62_reads_are_repeated_after_passing_trouble(settings: Settings, host: Host, trouble: Any) -> None:
    transport, _wire = transport_with(settings, host, trouble, (200, {"a": 1}))
    assert transport.call("GET", "limits").json() == {"a": 1}
    assert len(host.pause.seen) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("trouble", [CUT, HTML, BUSY, requests.exceptions.ReadTimeout(), (500, "")])
def test_case_70_a_change_whose_fate_is_unknown_is_not_repeated(settings: Settings, host: Host, trouble: Any) -> None:
    transport, wire = transport_with(settings, host, trouble, (200, []))
    with pytest.raises(RequestError) as caught:
        transport.call("POST", "composite/sobjects", body={"records": []}, is_read=False)
    assert caught.value.is_in_doubt
    assert len(wire.seen) == 2


@pytest.mark.parametrize("trouble", [CONCURRENT, (420, ""), (429, ""), requests.exceptions.ConnectTimeout()])
def test_case_62_a_change_that_surely_was_refused_is_repeated(settings: Settings, host: Host, trouble: Any) -> None:
    transport, _ = transport_with(settings, host, trouble, (200, []))
    assert transport.call("POST", "composite/sobjects", body={}, is_read=False).json() == []


@pytest.mark.parametrize("trouble", [
    (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]),
    (400, [{"errorCode": "MALFORMED_QUERY", "message": "x"}]), (404, [{"errorCode": "NOT_FOUND", "message": "x"}])])
def test_what_repeating_cannot_help_is_not_repeated(settings: Settings, host: Host, trouble: Any) -> None:
    transport, wire = transport_with(settings, host, trouble, (200, {}))
    with pytest.raises(RequestError):
        transport.call("GET", "limits")
    assert len(wire.seen) == 2


def test_repeating_ends(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, *[BUSY] * 20)
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits")
    assert caught.value.sqlstate == "SF005"
    assert len(wire.seen) == 1 + max(rule.attempts for rule in RETRY_RULES if 503 in rule.statuses)


def test_retry_after_is_obeyed_within_a_bound(settings: Settings, host: Host) -> None:
    transport, _ = transport_with(settings, host, (503, "", {"Retry-After": "3"}), (429, ""), (200, {}))
    transport.call("GET", "limits")
    first, second = host.pause.seen  # type: ignore[attr-defined]
    assert first == 3
    assert 0.8 <= second <= 1.2


@pytest.mark.parametrize("wait", ["6", "86400"])
def test_a_request_does_not_wait_longer_than_a_statement_may(settings: Settings, host: Host, wait: str) -> None:
    transport, wire = transport_with(settings, host, (429, "", {"Retry-After": wait}), (200, {}))
    with pytest.raises(RequestError) as caught:
        transport.call("GET", "limits")
    assert caught.value.status == 429
    assert host.pause.seen == []  # type: ignore[attr-defined]
    assert wire.paths().count("/services/data/v62.0/limits") == 1


TROUBLES: dict[str, Any] = {
    "unreachable host": requests.exceptions.ConnectTimeout(), "refused at the edge": (420, ""),
    "too many at once": CONCURRENT, "cut reply": CUT, "no answer": requests.exceptions.ReadTimeout(),
    "server error": (500, ""), "page instead of an answer": (200, "<html/>", {"Content-Type": "text/html"}),
    "slow query": (400, [{"errorCode": "QUERY_TIMEOUT", "message": ""}]),
    "locked row": (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": ""}])}


@pytest.mark.parametrize("rule", RETRY_RULES, ids=lambda rule: rule.name)
def test_case_62_each_rule_ends_and_waits_no_longer_than_a_statement_may(settings: Settings, host: Host,
                                                                         rule: RetryRule) -> None:
    transport, wire = transport_with(settings, host, *[TROUBLES[rule.name]] * 20)
    with pytest.raises(RequestError):
        transport.call("GET", "limits")
    assert wire.paths().count("/services/data/v62.0/limits") == rule.attempts
    pauses = host.pause.seen  # type: ignore[attr-defined]
    assert sum(pauses) <= MAX_PAUSES_S
    for number, pause in enumerate(pauses):
        assert 0.8 * rule.delay_s * 2**number <= pause <= 1.2 * rule.delay_s * 2**number
    again, wire = transport_with(settings, host, *[TROUBLES[rule.name]] * 20)
    with pytest.raises(RequestError):
        again.call("PATCH", "composite/sobjects", body={}, is_read=False)
    assert wire.paths().count("/services/data/v62.0/composite/sobjects") == (rule.attempts if rule.is_for_writes else 1)


def test_the_servers_clock_is_learned_from_any_answer(settings: Settings, host: Host) -> None:
    there = time.time() + 600
    transport, _ = transport_with(settings, host, (200, {}, {"Date": email.utils.formatdate(there, usegmt=True)}))
    assert transport.server_time() is None
    transport.call("GET", "limits")
    told = transport.server_time()
    assert told is not None
    assert there - 2 < told <= there


@pytest.mark.parametrize(("header", "want"), [
    ("api-usage=18/5000", (18, 5000)), ("api-usage=25/5000; per-app-api-usage=17/250(appName=my-app)", (25, 5000)),
    ("", (None, None)), ("nonsense", (None, None))])
def test_the_orgs_usage_is_noted(settings: Settings, host: Host, header: str, want: tuple[int | None,
int | None]) -> None:
    transport, _ = transport_with(settings, host, (200, {}, {"Sforce-Limit-Info": header}))
    transport.call("GET", "limits")
    transport.ledger.enter_rest()
    usage = transport.ledger.usage()
    assert (usage.used if usage else None, usage.limit if usage else None) == want


def test_a_used_up_budget_refuses_before_it_spends(settings: Settings, host: Host) -> None:
    tight = replace(settings, api_budget_percent=80)
    transport, wire = transport_with(tight, host, (200, {}, {"Sforce-Limit-Info": "api-usage=79/100"}),
                                     (200, {}, {"Sforce-Limit-Info": "api-usage=80/100"}), (200, {}))
    settle = Purpose("settle", "Account")
    transport.call("GET", "limits", purpose=settle)
    transport.call("GET", "limits", purpose=settle)
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits", purpose=settle)
    assert caught.value.sqlstate == "SF003"
    assert len(wire.seen) == 3


def counted(transport: Transport) -> dict[tuple[str, str | None], int]:
    transport.ledger.enter_rest()
    return {(one.purpose, one.object_name): one.call_count for _, sheet in transport.ledger.sheets()
            for one in sheet.tallies.values()}


def test_every_attempt_that_may_have_reached_salesforce_is_counted(settings: Settings, host: Host) -> None:
    transport, _ = transport_with(settings, host, requests.exceptions.ConnectTimeout(), CUT, BUSY, EXPIRED,
                                  login((200, TOKEN | {"access_token": "00D000000000001!two"})), (200, {}))
    transport.call("GET", "limits", purpose=Purpose("poll", "Account"))
    assert counted(transport) == {("session", None): 2, ("poll", "Account"): 4}


def test_what_needs_no_session_is_no_api_call(settings: Settings, host: Host) -> None:
    transport, _ = transport_with(settings, host, (200, []))
    transport.call_openly("/services/data")
    assert counted(transport) == {}


@pytest.mark.parametrize(("answer", "sqlstate"), [
    ((400, {"error": "invalid_grant", "error_description": "authentication failure"}), "SF001"),
    ((401, {"error": "invalid_client", "error_description": "invalid client credentials"}), "SF001"),
    ((200, {"token": "none"}), "SF001"), ((200, "<html>sign in</html>"), "SF006"), ((302, ""), "SF006")])
def test_a_failed_login_says_why_and_never_the_secret(settings: Settings, host: Host, answer: Any,
sqlstate: str) -> None:
    transport, _ = transport_with(settings, host, *[login(answer)] * 5)
    with pytest.raises(Error) as caught:
        transport.call("GET", "limits")
    assert caught.value.sqlstate == sqlstate
    assert "hush" not in f"{caught.value} {caught.value.detail} {caught.value.hint}"


def test_redirects_are_not_followed(settings: Settings, host: Host) -> None:
    transport, wire = transport_with(settings, host, (302, "", {"Location": "http://evil.example/"}))
    with pytest.raises(Error):
        transport.call("GET", "limits")
    assert all("evil" not in request.url for request in wire.seen)


def test_identity_is_asked_for_once(settings: Settings, host: Host) -> None:
    known = {"organization_id": "00D000000000001EAA", "user_id": "005000000000001AAA", "preferred_username": "u@x"}
    transport, _ = transport_with(settings, host, (200, known))
    assert transport.identify().username == "u@x"
    assert transport.identify().username == "u@x"
    other, wire = transport_with(settings, host)
    assert other.identify().username == "u@x"
    assert wire.seen == []


# --- at the same time ---

WRITE = Purpose("write")


def changes(count: int) -> list[tuple[str, str, bytes | None]]:
    return [("POST", f"change/{number}", b"{}") for number in range(count)]


def by_number(settings: Settings, host: Host, *answers: Any) -> tuple[Transport, dict[str, int]]:
    """A transport whose n-th change has the n-th answer, and later the one after the list's end; with each's count."""
    counts: dict[str, int] = {}

    def answer(request: Any) -> Any:
        name = urlsplit(request.url).path.rpartition("/")[2]
        counts[name] = counts.get(name, 0) + 1
        return answers[int(name)] if counts[name] == 1 else (200, [name, "again"])

    transport, _ = transport_with(settings, host, *[answer] * 12)
    transport.session()
    return transport, counts


def test_changes_sent_at_once_each_have_their_own_answer(settings: Settings, host: Host) -> None:
    cut = requests.ConnectionError(ConnectionResetError())
    transport, counts = by_number(settings, host, (200, ["0"]), cut, (400, [{"errorCode": "X", "message": "no"}]))
    found = transport.change_at_once(changes(3), WRITE)
    assert isinstance(found[0], Answer)
    assert found[0].json() == ["0"]
    assert [(error.code, error.is_in_doubt) for error in found[1:] if isinstance(error, RequestError)] == [
        (None, True), ("X", False)]
    assert counts == {"0": 1, "1": 1, "2": 1}


@pytest.mark.parametrize("refusal", [
    pytest.param((429, "slow down"), id="at the edge"),
    pytest.param((403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests limit exceeded."}]),
                 id="too many at once"),
    pytest.param(EXPIRED, id="session expired"),
])
def test_a_change_that_surely_had_no_effect_follows_the_others(settings: Settings, host: Host, refusal: Any) -> None:
    transport, counts = by_number(settings, host, (200, ["0"]), refusal)
    found = transport.change_at_once(changes(2), WRITE)
    assert [answer.json() for answer in found if isinstance(answer, Answer)] == [["0"], ["1", "again"]]
    assert counts == {"0": 1, "1": 2}


def test_changes_beyond_the_budget_are_not_sent(settings: Settings, host: Host) -> None:
    transport, counts = by_number(settings, host, (200, ["0"]), (200, ["1"]), (200, ["2"]))
    transport.ledger.note_usage(91, 100)
    found = transport.change_at_once(changes(3), WRITE)
    assert [isinstance(one, BudgetExhausted) for one in found] == [False, False, True]
    assert sorted(counts) == ["0", "1"]
