"""Bayeux 1.0 over long polling at /cometd/XX.0: the messages of CometD clients and their replies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.events.channels import Refused, object_of_channel
from sffdw.sandbox.events.clients import UNKNOWN_CLIENT, Client
from sffdw.sandbox.events.connecting import connect
from sffdw.sandbox.events.subscribing import subscribe, unsubscribe
from sffdw.sandbox.jsontext import dumps

Message = dict[str, Any]
COOKIE = "BAYEUX_BROWSER"
_COOKIE = re.compile(rf"(?:^|;\s*){COOKIE}=([^;]*)")
_FIRST_VERSION = 23.0
_ECHOED = ("id", "clientId", "subscription")


@dataclass
class Exchange:
    """One request: the call, what its messages are answered with, and the cookie that a handshake sets."""

    call: Call
    version: float
    replies: list[Message] = field(default_factory=list)
    cookie: str = ""


def object_of_messages(call: Call, version: str) -> str | None:
    """Return the object of the first channel that a request subscribes to, for the journal and for faults."""
    try:
        messages = _messages(call)
    except ApiError:
        return None
    found = (object_of_channel(str(message.get("subscription", ""))) for message in messages)
    return next((name for name in found if name), None)


def answer(call: Call, version: str) -> Reply:
    """POST /cometd/XX.0: one message or several."""
    try:
        exchange = Exchange(call, _version(version))
    except Refused as refused:
        return _reply([{"successful": False, "error": refused.error, "advice": {"reconnect": "none"}}], status=400)
    messages = _messages(call)
    connects = [message for message in messages if message.get("channel") == "/meta/connect"]
    for message in messages:
        if message.get("channel") != "/meta/connect":
            exchange.replies.append(_answered(exchange, message))
    if connects:
        return _connected(exchange, connects[-1])
    return _reply(exchange.replies, cookie=exchange.cookie)


def _version(text: str) -> float:
    if not re.fullmatch(r"\d{2}\.0", text):
        raise Refused("400::API version in the URI is mandatory. URI format: '/cometd/62.0'")
    if float(text) < _FIRST_VERSION:
        raise Refused(
            "400::Unsupported API version. Only API versions '23.0' and above are supported. URI format: '/cometd/62.0'"
        )
    return float(text)


def _messages(call: Call) -> list[Message]:
    try:
        body = json.loads(call.body.decode("utf-8"))
    except ValueError:
        raise ApiError("JSON_PARSER_ERROR", "The body is not a Bayeux message") from None
    messages = body if isinstance(body, list) else [body]
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise ApiError("JSON_PARSER_ERROR", "The body is not a Bayeux message")
    return messages


def _reply(replies: list[Message], *, status: int = 200, cookie: str = "") -> Reply:
    headers = {"Set-Cookie": f"{COOKIE}={cookie}; Path=/; HttpOnly"} if cookie else {}
    return Reply(status, text=dumps(replies), headers=headers)


# Messages


def _answered(exchange: Exchange, message: Message) -> Message:
    """Answer any message but a connect."""
    channel = str(message.get("channel", ""))
    reply: Message = {name: message[name] for name in _ECHOED if name in message} | {"channel": channel}
    try:
        _authenticate(exchange.call)
        return reply | _ANSWERS.get(channel, _publish)(exchange, message) | {"successful": True}
    except Refused as refused:
        return reply | _failure(channel, refused)


def _failure(channel: str, refused: Refused) -> Message:
    error = refused.error
    if channel == "/meta/handshake" and error.startswith("401::"):
        sfdc = {"sfdc": {"failureReason": error}}
        denied = {"error": "403::Handshake denied", "advice": {"reconnect": "none"}, "ext": sfdc}
        return denied | {"successful": False}
    failed: Message = {"error": error, "successful": False}
    if error == UNKNOWN_CLIENT:
        failed["advice"] = {"reconnect": "handshake", "interval": 0}
    elif error.startswith(("401::", "403::Organization")):
        failed["advice"] = {"reconnect": "none", "interval": 0}
    return failed


def _authenticate(call: Call) -> None:
    """Find the session of a call; raises Refused."""
    if call.session is not None and call.org.sessions.find(call.session.token) is not None:
        return
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "oauth"} or not token.strip():
        raise Refused("401::Request requires authentication")
    if call.fault("session.expired"):
        call.org.sessions.revoke(token.strip())
    call.session = call.org.sessions.find(token.strip())
    if call.session is None:
        raise Refused("401::Authentication invalid")


def _client(exchange: Exchange, message: Message) -> Client:
    """Find the client a message comes from; raises Refused."""
    call, events = exchange.call, exchange.call.org.events
    client = events.clients.find(message.get("clientId"))
    if client is None or call.session is None or client.user_id != call.session.user_id:
        raise Refused(UNKNOWN_CLIENT)
    if call.fault("event.disconnect"):
        events.clients.close(client)
        events.bus.wake()
        raise Refused(UNKNOWN_CLIENT)
    cookie = _COOKIE.search(call.headers.get("cookie", ""))
    if events.settings.requires_cookie and (cookie is None or cookie[1] != client.cookie) and not exchange.cookie:
        raise Refused(f"400::Client {client.client_id} has established a session, but no {COOKIE} cookie present")
    return client


def _handshake(exchange: Exchange, message: Message) -> Message:
    call = exchange.call
    kinds = message.get("supportedConnectionTypes") or ["long-polling"]
    if "long-polling" not in kinds:
        raise Refused(f"400::Invalid connection type {', '.join(map(str, kinds))}")
    assert call.session is not None
    extensions = message.get("ext") or {}
    client = call.org.events.clients.open(
        call.session.user_id, call.session.username, exchange.version, replays=_replays(extensions)
    )
    exchange.cookie = client.cookie
    return {
        "ext": {"replay": True, "payload.format": True},
        "minimumVersion": "1.0",
        "clientId": client.client_id,
        "supportedConnectionTypes": ["long-polling"],
        "version": "1.0",
    }


def _replays(extensions: Any) -> bool:
    return isinstance(extensions, dict) and extensions.get("replay") is not False


def _subscribe(exchange: Exchange, message: Message) -> Message:
    subscribe(exchange.call, _client(exchange, message), message)
    return {}


def _unsubscribe(exchange: Exchange, message: Message) -> Message:
    unsubscribe(_client(exchange, message), message)
    return {}


def _disconnect(exchange: Exchange, message: Message) -> Message:
    events = exchange.call.org.events
    events.clients.close(_client(exchange, message))
    events.bus.wake()
    return {}


def _publish(exchange: Exchange, message: Message) -> Message:
    """Clients listen only; events are published over REST."""
    raise Refused("403:denied_by_security_policy:publish_denied")


_ANSWERS: dict[str, Callable[[Exchange, Message], Message]] = {
    "/meta/handshake": _handshake,
    "/meta/subscribe": _subscribe,
    "/meta/unsubscribe": _unsubscribe,
    "/meta/disconnect": _disconnect,
}


def _connected(exchange: Exchange, message: Message) -> Reply:
    """Answer a connect, which comes last whatever else the request holds."""
    base: Message = {name: message[name] for name in ("id", "clientId") if name in message}
    base["channel"] = "/meta/connect"

    def failed(refused: Refused) -> Reply:
        return _reply([*exchange.replies, base | _failure("/meta/connect", refused)], cookie=exchange.cookie)

    def done(messages: list[str], extra: Message) -> Reply:
        texts = [*map(dumps, exchange.replies), *messages, dumps(base | extra | {"successful": True})]
        reply = _reply([], cookie=exchange.cookie)
        reply.text = f"[{','.join(texts)}]"
        return reply

    try:
        _authenticate(exchange.call)
        kind = message.get("connectionType", "long-polling")
        if kind != "long-polling":
            raise Refused(f"400::Invalid connection type {kind}")
        client = _client(exchange, message)
    except Refused as refused:
        return failed(refused)
    wished_ms = (message.get("advice") or {}).get("timeout")
    wait_s = wished_ms / 1000 if isinstance(wished_ms, int | float) and wished_ms >= 0 else None
    return connect(exchange.call, client, wait_s=0 if exchange.replies else wait_s, done=done, failed=failed)
