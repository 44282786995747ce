"""The HTTP side: aiohttp reads and writes, a pool of threads answers; faults of the wire happen here."""

from __future__ import annotations

import asyncio
import gzip
import secrets
import ssl
import sys
import traceback
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from aiohttp import HttpVersion11, web

from sffdw.sandbox import stamps
from sffdw.sandbox.bulk.streaming import send_pieces
from sffdw.sandbox.call import Call, Reply, error_reply
from sffdw.sandbox.dispatch import dispatch, make_call
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.faults import Fault
from sffdw.sandbox.org import Org

WORKERS = 8
MAX_BODY = 160 * 1024 * 1024
_COMPRESS_FROM = 1024
_MAX_LINE = 1024 * 1024
_COOKIE = "path=/; Max-Age=31536000; SameSite=Lax"
_HTML = (
    "<html><head><title>{status}</title></head><body><h1>We are down for maintenance.</h1>"
    "Sorry for the inconvenience.</body></html>"
)


class Host:
    """Holds the current org, which a reset replaces."""

    def __init__(self, org: Org) -> None:
        self.org = org


HOST: web.AppKey[Host] = web.AppKey("host", Host)
POOL: web.AppKey[ThreadPoolExecutor] = web.AppKey("pool", ThreadPoolExecutor)


def make_app(org: Org) -> web.Application:
    """Return the application for an org."""
    # Bodies are decompressed and lines that are too long refused here, in Salesforce's words.
    handler = {"max_line_size": _MAX_LINE, "max_field_size": _MAX_LINE, "auto_decompress": False}
    app = web.Application(client_max_size=MAX_BODY, handler_args=handler)
    app[HOST] = Host(org)
    app[POOL] = ThreadPoolExecutor(WORKERS, thread_name_prefix="answer")
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer one request."""
    host, pool = request.app[HOST], request.app[POOL]
    try:
        call = await _read(request, host.org)
    except ApiError as error:
        return await _send(request, error_reply(error), None)
    loop = asyncio.get_running_loop()
    call.host = host
    reply = await loop.run_in_executor(pool, _guarded, call)
    if reply.hold is not None:
        held = await reply.hold.outcome(pool, lambda: request.transport is None or request.transport.is_closing())
        if held is None:
            return _drop(request)
        reply = held
    latency = call.fault("http.latency")
    if latency:
        await asyncio.sleep(_late_s(latency, 0 if call.is_file else call.rows) / max(call.org.clock.rate, 1e-9))
    return await _send(request, reply, call)


def _late_s(latency: Fault, rows: int) -> float:
    """Return how late a reply comes: by so much a call, and by so much for each record that it read or changed."""
    per_record = float(latency.params.get("record_ms", 0))
    return (float(latency.params.get("ms", 0 if per_record else 1000)) + per_record * rows) / 1000


async def _read(request: web.Request, org: Org) -> Call:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "The request body is too large", status=413) from None
    body = _decompressed(body, request.headers.get("Content-Encoding", "").strip().lower())
    headers = {name.lower(): value for name, value in request.headers.items()}
    base_url = f"{request.scheme}://{request.headers.get('Host', request.host)}"
    call = Call(org, request.method, "", request.raw_path, {}, headers, body, base_url=base_url)
    call.remote = request.remote or ""
    return make_call(call)


def _decompressed(body: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"} or not body:
        return body
    if encoding != "gzip":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content-Encoding is not supported: {encoding}", status=415)
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise ApiError("MALFORMED_REQUEST", "the gzip body cannot be read") from None


def _guarded(call: Call) -> Reply:
    """Answer, and show what goes wrong inside as the 500 it is."""
    try:
        return dispatch(call)
    except Exception:  # noqa: BLE001 - the last resort: the caller gets Salesforce's own 500, the log the traceback
        traceback.print_exc(file=sys.stderr)
        message = (
            "An unexpected error occurred. Please include this ErrorId if you contact support: "
            f"{secrets.randbelow(10**9)}-{secrets.randbelow(10**5)} ({secrets.randbelow(10**9)})"
        )
        return error_reply(ApiError("UNKNOWN_EXCEPTION", message, status=500))


async def _send(request: web.Request, reply: Reply, call: Call | None) -> web.StreamResponse:
    if call is not None and (call.fault("http.drop") or call.fault("reply.lost")):
        return _drop(request)
    html = call.fault("http.html") if call else None
    if html:
        status = int(html.params.get("status", 503))
        text = str(html.params.get("body", _HTML.format(status=status)))
        reply = Reply(status, raw=text.encode(), content_type="text/html;charset=UTF-8")
    if reply.stream is not None and request.method != "HEAD":
        return await _stream(request, reply, call)
    payload = reply.payload(call.pretty if call else False)
    response = web.StreamResponse(status=reply.status, headers=_headers(request, reply, call))
    if request.method == "HEAD" or reply.status in {204, 304}:
        await response.prepare(request)
        return response
    if len(payload) >= _COMPRESS_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.headers["Content-Encoding"] = "gzip"
        payload = await asyncio.get_running_loop().run_in_executor(request.app[POOL], gzip.compress, payload, 1)
    cut = call.fault("http.cut") if call else None
    _begin(request, response, call)
    await response.prepare(request)
    if cut:
        await response.write(payload[: int(cut.params.get("bytes", len(payload) // 2)) or 1])
        return _drop(request, response)
    if payload:
        await response.write(payload)
    await response.write_eof()
    return response


async def _stream(request: web.Request, reply: Reply, call: Call | None) -> web.StreamResponse:
    """Send a body while it is read."""
    assert reply.stream is not None
    response = web.StreamResponse(status=reply.status, headers=_headers(request, reply, call))
    is_compressed = "gzip" in request.headers.get("Accept-Encoding", "")
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    cut = call.fault("http.cut") if call else None
    _begin(request, response, call)
    await response.prepare(request)
    most = int(cut.params.get("bytes", reply.stream.length // 2)) or 1 if cut else None
    pool = request.app[POOL]
    whole = await send_pieces(response, reply.stream.pieces(), pool, is_compressed=is_compressed, most=most)
    if not whole or cut:
        return _drop(request, response)
    await response.write_eof()
    return response


def _begin(request: web.Request, response: web.StreamResponse, call: Call | None) -> None:
    """Make a reply one of many pieces, where the version of HTTP has them, and give it Salesforce's cookies."""
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    is_known = "BrowserId=" in request.headers.get("Cookie", "")
    if call is not None and call.version and call.session is not None and not is_known:
        response.headers.add("Set-Cookie", f"BrowserId={secrets.token_urlsafe(16)}; {_COOKIE}")
        response.headers.add("Set-Cookie", f"CookieConsentPolicy=0:1; {_COOKIE}")
        response.headers.add("Set-Cookie", f"LSKey-c$CookieConsentPolicy=0:1; {_COOKIE}")


def _drop(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Close the connection without (or in the middle of) a reply."""
    if request.transport is not None:
        request.transport.close()
    return response or web.Response(status=500)


def _headers(request: web.Request, reply: Reply, call: Call | None) -> dict[str, str]:
    request_id = secrets.token_hex(16)
    headers = {
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
        "X-Robots-Tag": "none",
        "Vary": "Accept-Encoding",
        "Server": "sfdcedge",
        "X-Sfdc-Request-Id": request_id,
        "X-Request-Id": request_id,
    }
    if call is not None:
        skew = call.fault("clock.skew")
        moment = call.org.clock.now()
        if skew:
            moment += timedelta(seconds=float(skew.params.get("seconds", 600)))
        headers["Date"] = stamps.to_http(moment)
    if reply.status not in {204, 304}:
        headers["Content-Type"] = reply.content_type
    return headers | reply.headers


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return the TLS settings for a certificate chain and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
