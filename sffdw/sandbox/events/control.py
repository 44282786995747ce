"""The control plane's view of the event stream."""

from __future__ import annotations

from sffdw.sandbox.call import Call, Reply


def show_events(call: Call) -> Reply:
    """GET /_sandbox/events: settings, the last replay id and the clients."""
    return Reply(body=call.org.events.shown())


def set_events(call: Call) -> Reply:
    """PUT /_sandbox/events {selected, channels, overflow_after, …}."""
    call.org.events.configure(call.json_object())
    return show_events(call)
