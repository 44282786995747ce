"""The control plane's view of the event stream."""

from __future__ import annotations

import json

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError


def show_events(call: Call) -> Reply:
    """GET /_sandbox/events: settings, the last replay id and the clients."""
    return Reply(body=call.org.events.shown())


def set_events(call: Call) -> Reply:
    """PUT /_sandbox/events {selected, channels, overflow_after, …}."""
    call.org.events.configure(call.json_object())
    return show_events(call)


def list_events(call: Call) -> Reply:
    """GET /_sandbox/events/changes?after&limit: the change events that are kept, in the order of their commits."""
    events, query = call.org.events, call.query
    after, limit = query.get("after", "0"), query.get("limit", "1000")
    if not (after.isdigit() and limit.isdigit()):
        raise ApiError("INVALID_ARGUMENT", '"after" and "limit" must be numbers')
    retention_s = events.settings.retention_s
    found = events.bus.read(
        "change", None, after=int(after), until=events.bus.last_id, retention_s=retention_s, limit=int(limit)
    )
    return Reply(body=[{**json.loads(event.text)["payload"], "replayId": event.replay_id} for event in found])
