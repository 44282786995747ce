"""Subscriptions: which channel, and from which replay id on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sffdw.sandbox.events.channels import Channel, Refused, find_channel
from sffdw.sandbox.events.clients import LIMIT_REACHED, Client, Subscription

if TYPE_CHECKING:
    from sffdw.sandbox.call import Call

NEW_ONLY, ALL_RETAINED = -1, -2


def _names(message: dict[str, Any]) -> list[str]:
    stated = message.get("subscription")
    names = stated if isinstance(stated, list) else [stated]
    return [name if isinstance(name, str) else "" for name in names]


def subscribe(call: Call, client: Client, message: dict[str, Any]) -> None:
    """Subscribe a client to the channels of a message; raises Refused, and then to none of them."""
    events = call.org.events
    found: dict[str, Subscription] = {}
    for name in _names(message):
        channel = find_channel(events, name, call.access, client.version)
        if call.org.limits.shown()[channel.limit]["Remaining"] < 1:
            raise Refused(LIMIT_REACHED)
        found[name] = Subscription(channel, _position(call, channel, _replay_id(client, name, message)))
    with client.lock:
        client.subscriptions.update(found)


def unsubscribe(client: Client, message: dict[str, Any]) -> None:
    """End the subscriptions of a message."""
    with client.lock:
        for name in _names(message):
            client.subscriptions.pop(name, None)


def _replay_id(client: Client, name: str, message: dict[str, Any]) -> Any:
    extensions = message.get("ext")
    replay = extensions.get("replay") if isinstance(extensions, dict) else None
    return replay.get(name, NEW_ONLY) if isinstance(replay, dict) and client.replays else NEW_ONLY


def _position(call: Call, channel: Channel, replay_id: Any) -> int:
    """Return the replay id after which to read; raises Refused for one that is not on the bus (any more)."""
    bus = call.org.events.bus
    if isinstance(replay_id, str) and replay_id.lstrip("-").isdigit():
        replay_id = int(replay_id)
    if replay_id == NEW_ONLY:
        return bus.last_id
    if replay_id == ALL_RETAINED:
        return 0
    is_number = isinstance(replay_id, int) and not isinstance(replay_id, bool)
    if not is_number or call.fault("event.replay_invalid") or not bus.is_retained(replay_id, channel.retention_s):
        raise Refused(
            f"400::The replayId {{{replay_id}}} you provided was invalid.  Please provide a valid ID, "
            "-2 to replay all events, or -1 to replay only new events."
        )
    return int(replay_id)
