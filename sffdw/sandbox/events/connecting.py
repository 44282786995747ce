"""Connects: events as soon as there are any, else the request is held for up to 110 seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.call import Reply
from sffdw.sandbox.events.channels import Refused
from sffdw.sandbox.events.clients import UNKNOWN_CLIENT, Client, deliver
from sffdw.sandbox.events.hold import Hold

if TYPE_CHECKING:
    from sffdw.sandbox.call import Call

Done = Callable[[list[str], dict[str, Any]], Reply]
Failed = Callable[[Refused], Reply]


class Connect:
    """One connect of a client; a later one takes its place."""

    def __init__(self, call: Call, client: Client, done: Done, failed: Failed) -> None:
        self.call = call
        self.events = call.org.events
        self.client = client
        self.done = done
        self.failed = failed
        with client.lock:
            client.connection += 1
            self.number = client.connection

    @property
    def advice(self) -> dict[str, Any]:
        """What the first reply to a client tells it."""
        if self.number > 1:
            return {}
        timeout_ms = int(self.events.settings.connect_timeout_s * 1000)
        return {"advice": {"interval": 0, "timeout": timeout_ms, "reconnect": "retry"}}

    def attempt(self, is_last: bool) -> Reply | None:
        """Return the reply when there is something to say; with `is_last` in any case."""
        try:
            with self.client.lock:
                return self._attempt(is_last)
        except Refused as refused:
            self.events.clients.close(self.client)
            return self.failed(refused)

    def _attempt(self, is_last: bool) -> Reply | None:
        if self.events.is_closed or not self.events.clients.is_known(self.client):
            raise Refused(UNKNOWN_CLIENT)
        if self.client.connection != self.number:
            return self.done([], {})
        session = self.call.session
        if session is None or self.call.org.sessions.find(session.token) is None:
            raise Refused("401::Authentication invalid")
        messages = deliver(self.events, self.client)
        if messages or is_last:
            self.leave()
            self.call.rows = len(messages)
            return self.done(messages, self.advice)
        return None

    def leave(self) -> None:
        """The client has its reply and must come back in time."""
        self.client.is_waiting = False
        self.client.seen_at = self.events.org.clock.timestamp()


def connect(call: Call, client: Client, *, wait_s: float | None, done: Done, failed: Failed) -> Reply:
    """Answer a connect, or return a reply that is held. The first one of a client never waits.

    wait_s: how long the client itself wants to be held, None if it leaves that to us.
    """
    events = call.org.events
    attempt = Connect(call, client, done, failed)
    if attempt.number > 1:
        events.bus.wake()  # an earlier connect of the client, if one still waits, ends now
    with events.gate:
        reply = attempt.attempt(attempt.number == 1 or wait_s == 0)
    if reply is not None:
        return reply
    client.is_waiting = True
    longest_s = events.settings.connect_timeout_s
    deadline = call.org.clock.timestamp() + (longest_s if wait_s is None else min(wait_s, longest_s))
    return Reply(hold=Hold(events, deadline, attempt.attempt, attempt.leave))
