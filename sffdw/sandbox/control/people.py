"""Users and sessions."""

from __future__ import annotations

from sffdw.sandbox.call import Call, Reply


def configure_user(call: Call, username: str) -> Reply:
    """PUT /_sandbox/users/USERNAME."""
    return Reply(body=call.org.users.configure(username, call.json_object()))


def expire_sessions(call: Call) -> Reply:
    """POST /_sandbox/sessions/expire {user?, refresh_tokens?}."""
    given = call.json_object() if call.body.strip() else {}
    ended = call.org.sessions.expire(given.get("user"), refresh_tokens=bool(given.get("refresh_tokens")))
    call.org.events.bus.wake()
    return Reply(body={"expired": ended})
