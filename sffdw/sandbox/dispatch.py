"""From a request to its reply: route, session, limits, faults, answer, journal."""

from __future__ import annotations

import re
import sqlite3
from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

from sffdw.sandbox import stamps
from sffdw.sandbox.bulk.classic.refusals import PATH as CLASSIC
from sffdw.sandbox.bulk.classic.refusals import refuse as refuse_classic
from sffdw.sandbox.call import Call, Reply, error_reply
from sffdw.sandbox.control import control_reply
from sffdw.sandbox.dml.storms import touch_some
from sffdw.sandbox.errors import ApiError, not_found
from sffdw.sandbox.faults import Fault
from sffdw.sandbox.login import envelope, soap
from sffdw.sandbox.oauth import OAuthError
from sffdw.sandbox.rest.describe import check_version
from sffdw.sandbox.rest.routes import DATA_ROUTES, ROUTES, Answer, Route, kind_of

_DATA = re.compile(r"/services/data/v([^/]+)(/.*)?", re.IGNORECASE)
_UNCOUNTED = frozenset({"token", "versions", "event", "soap"})
_READABLE = frozenset({"", "text/csv", "application/json", "application/json-patch+json", "text/json"})
MAX_TARGET = 16_384


def dispatch(call: Call) -> Reply:
    """Answer a request from outside."""
    if call.path == "/_sandbox" or call.path.startswith("/_sandbox/"):
        return control_reply(call)
    with call.org.traffic.passing():
        call.org.catch_up()
        call.at = call.org.stamp()
        reply = _answer(call)
        if reply.hold is not None:
            reply.hold.note = partial(_note, call)
        else:
            _note(call, reply)
        return reply


def dispatch_inner(outer: Call, method: str, url: str, body: bytes, headers: dict[str, str]) -> Reply:
    """Answer a subrequest of a composite request."""
    parts = urlsplit("/" + url.lstrip("/"))
    call = Call(
        org=outer.org,
        method=method,
        path=_clean(parts.path),
        target=url,
        query=_query(parts.query),
        headers={"content-type": "application/json", **headers},
        body=body,
        session=outer.session,
        fired=outer.fired,
        at=outer.at,
        base_url=outer.base_url,
        is_subrequest=True,
    )
    try:
        route, arguments = _find(call)
        call.kind = kind_of(route, call.method)
        reply = _method(route, call)(call, *arguments)
    except ApiError as error:
        return error_reply(error)
    outer.rows += call.rows
    return reply


def _clean(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def _query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def make_call(base: Call) -> Call:
    """Fill in what follows from the target of a call that has just come in."""
    parts = urlsplit("/" + base.target.lstrip("/"))  # two slashes in front would begin a host
    base.path = _clean(parts.path)
    base.query = _query(parts.query)
    override = base.headers.get("x-http-method-override") or base.query.get("_HttpMethod")
    if base.method == "POST" and override:
        base.method = override.upper()
    return base


# Answering


def _answer(call: Call) -> Reply:
    try:
        _check_size(call)
        route, arguments = _find(call)
        call.kind = kind_of(route, call.method)
        if not route.is_open:
            _open_session(call)
        call.object = route.object_of(call, *arguments) if route.object_of else None
        _strike(call)
        if not route.is_open:
            _check_session_fault(call)
        if call.kind not in _UNCOUNTED:
            call.org.limits.check_concurrency(call.org.traffic.running)
            call.org.limits.spend_call()
        return _carry_out(call, route, arguments)
    except ApiError as error:
        return _refuse(call, error)
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return error_reply(ApiError("QUERY_TIMEOUT", "Your query request was running for too long."))


def _check_size(call: Call) -> None:
    """The URI, and the URI with all headers, have 16 KB."""
    if len(call.target) > MAX_TARGET:
        raise ApiError("URI_TOO_LONG", "Request URI is too long", status=414)
    if len(call.target) + sum(len(name) + len(value) for name, value in call.headers.items()) > MAX_TARGET:
        message = "The combined length of the URI and headers exceeds the 16,384-byte limit"
        raise ApiError("REQUEST_HEADER_FIELDS_TOO_LARGE", message, status=431)


def _refuse(call: Call, error: ApiError) -> Reply:
    """Return the reply for a refused request in the form of the API that was called."""
    path = call.path.lower()
    if path.startswith(soap.PATH):
        return envelope.refuse(error)
    if call.kind == "token":
        return OAuthError(error.code, str(error), error.status).reply()
    return refuse_classic(call, error) if path.startswith(CLASSIC) else error_reply(error)


def _carry_out(call: Call, route: Route, arguments: list[str]) -> Reply:
    """Do the work, now or, where a fault says so, when its transaction commits."""
    _check_media_type(call)
    answer = _method(route, call)

    def work() -> Reply:
        try:
            return answer(call, *arguments)
        except ApiError as error:
            return _refuse(call, error)

    late = call.fault("commit.late") or call.fault("reply.lost")
    after_s = float(late.params.get("commit_after_s", late.params.get("after_s", 0))) if late else 0.0
    sees_to_it_itself = call.method == "GET" or call.kind.startswith("bulk_")
    is_late = after_s > 0 and not sees_to_it_itself
    reply = call.org.late.run(work, after_s) if is_late else work()
    failed = call.fault("http.status")
    return error_reply(_status_error(failed)) if failed else reply


def _check_media_type(call: Call) -> None:
    """Data resources read JSON, and multipart bodies with blobs."""
    stated = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not call.version or not call.body or stated in _READABLE or stated.startswith("multipart/"):
        return
    raise ApiError(
        "UNSUPPORTED_MEDIA_TYPE",
        f"Content-Type header specified in HTTP request is not supported: {stated}",
        status=415,
    )


def _find(call: Call) -> tuple[Route, list[str]]:
    path = call.path
    match = _DATA.fullmatch(path)
    if match is not None:
        call.version = check_version(match[1])
        return _match(DATA_ROUTES, (match[2] or "").rstrip("/"), call)
    return _match(ROUTES, path, call)


def _match(routes: tuple[Route, ...], path: str, call: Call) -> tuple[Route, list[str]]:
    matching = [(route, found) for route in routes if (found := route.pattern.fullmatch(path))]
    for route, found in matching:
        if _verb(call.method, route) in route.methods:
            return route, [unquote(group) for group in found.groups()]
    if matching:
        route, found = matching[0]
        return route, [unquote(group) for group in found.groups()]
    raise not_found()


def _verb(method: str, route: Route) -> str:
    """HEAD is GET without the body."""
    return "GET" if method == "HEAD" and "HEAD" not in route.methods else method


def _method(route: Route, call: Call) -> Answer:
    answer = route.methods.get(_verb(call.method, route))
    if answer is None:
        allowed = ",".join(sorted({"HEAD", *route.methods} if "GET" in route.methods else route.methods))
        raise ApiError(
            "METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}", status=405
        )
    return answer


def _open_session(call: Call) -> None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme and scheme.lower() not in {"bearer", "oauth"} and not call.path.lower().startswith(CLASSIC):
        raise ApiError("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", status=401)
    token = token.strip() if scheme.lower() in {"bearer", "oauth"} else ""
    token = token or call.query.get("oauth_token", "") or call.headers.get("x-sfdc-session", "")
    call.session = call.org.sessions.find(token) if token else None
    if call.session is None:
        raise _invalid_session()
    call.org.users.check_password_age(call.session, status=403)


def _invalid_session() -> ApiError:
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


# Faults


def _strike(call: Call) -> None:
    username = call.session.username if call.session else None
    call.fired = call.org.faults.strike(call.kind, call.object, call.target, username)
    daily, concurrent = call.fault("limit.daily"), call.fault("limit.concurrent")
    if daily:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    if concurrent:
        message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        raise ApiError("REQUEST_LIMIT_EXCEEDED", message, status=403)
    storm, tie = call.fault("storm.recalculate"), call.fault("stamp.tie")
    if storm:
        touch_some(call, int(storm.params.get("rows", 1_000_000)))
    if tie:
        call.at = str(tie.params.get("at") or f"{call.at[:17]}00.000+0000")
    failed = call.fault("http.status")
    if failed and not failed.params.get("after"):
        raise _status_error(failed)


def _status_error(fault: Fault) -> ApiError:
    """Return the error that the fault http.status says, before or (`after`) instead of the reply to work done."""
    status = int(fault.params.get("status", 500))
    code = str(fault.params.get("code", "SERVER_UNAVAILABLE" if status == 503 else "UNKNOWN_EXCEPTION"))
    return ApiError(code, str(fault.params.get("message", "An unexpected error occurred.")), status=status)


def _check_session_fault(call: Call) -> None:
    if call.fault("session.expired") and call.session is not None:
        call.org.sessions.revoke(call.session.token)
        raise _invalid_session()


def _note(call: Call, reply: Reply) -> None:
    org = call.org
    if reply.stream is None:
        reply.raw = reply.payload(call.pretty)
    if call.session is not None:
        reply.headers.setdefault("Sforce-Limit-Info", org.limits.usage_header)
    org.journal.add(
        at=stamps.to_text(org.clock.now()),
        method=call.method,
        path=call.target,
        kind=call.kind,
        object=call.object,
        rows=call.rows,
        status=reply.status,
        fault=", ".join(call.fired) or None,
        user=call.session.username if call.session else None,
        client=call.headers.get("user-agent"),
        bytes=len(reply.raw or b"") if reply.stream is None else reply.stream.length,
    )
