"""Channels: what the names that clients subscribe to stand for, and who may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.access import Access
from sffdw.sandbox.events.bus import Event
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.events.events import Events

_ALL_CHANGES = "/data/ChangeEvents"
_CUSTOM = re.compile(r"/data/(\w+__chn)")
_CHANGES = re.compile(r"/data/(\w+?)(__)?ChangeEvent")
_PLATFORM = re.compile(r"/event/(\w+__e)")
_TOPIC = re.compile(r"/topic/(.+)")
_GENERIC = re.compile(r"/u/.+")


class Refused(Exception):
    """A message is answered with an error, `CODE::text`."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Channel:
    """A channel that exists; `names` (lower case) are the events it carries, None means all of its kind."""

    name: str
    kind: str
    names: frozenset[str] | None
    retention_s: float
    limit: str


def object_of_channel(name: str) -> str | None:
    """Return the API name of the object whose changes or events a channel carries, if it is one object."""
    platform, changes = _PLATFORM.fullmatch(name), _CHANGES.fullmatch(name)
    if platform is not None:
        return platform[1]
    if changes is None or name == _ALL_CHANGES:
        return None
    return f"{changes[1]}__c" if changes[2] else changes[1]


def find_channel(events: Events, name: str, access: Access, version: float) -> Channel:
    """Return the channel of a name; raises Refused when there is none or the user may not listen."""
    if not name:
        raise Refused("400::Channel name not specified")
    if not name.startswith("/"):
        raise Refused("400::Channel subscriptions must start with a leading '/'")
    if "*" in name or name.startswith("/meta/"):
        raise Refused("403:denied_by_security_policy:subscribe_denied")
    find = next((find for prefix, find in _FINDERS.items() if name.startswith(prefix)), None)
    found = find(events, name, access, version) if find is not None else None
    if found is None:
        raise Refused(f"400::The channel you requested to subscribe to does not exist {{{name}}}")
    return found


def _changes(events: Events, name: str, access: Access, version: float) -> Channel | None:
    custom = _CUSTOM.fullmatch(name)
    if name == _ALL_CHANGES:
        return _delivered(events, name, "change", None)
    if custom is not None:
        members = events.settings.channels.get(custom[1])
        return None if members is None else _delivered(events, name, "change", members)
    sobject = events.org.schema.get(object_of_channel(name) or "")
    if sobject is None or not events.offers(sobject):
        return None
    if not access.can_see(sobject):
        raise Refused("403:denied_by_security_policy:subscribe_denied")
    return _delivered(events, name, "change", frozenset({sobject.name.lower()}))


def _platform(events: Events, name: str, access: Access, version: float) -> Channel | None:
    sobject = events.org.schema.get(object_of_channel(name) or "")
    if sobject is None:
        return None
    if not access.can_see(sobject):
        raise Refused("403:denied_by_security_policy:subscribe_denied")
    return _delivered(events, name, "platform", frozenset({sobject.name.lower()}))


def _topic(events: Events, name: str, access: Access, version: float) -> Channel | None:
    match = _TOPIC.fullmatch(name)
    if match is None or not _is_known(events, "PushTopic", match[1], ' AND "IsActive" = 1'):
        return None
    limit = "DailyDurableStreamingApiEvents" if version >= 37 else "DailyStreamingApiEvents"
    return Channel(name, "topic", frozenset({match[1].lower()}), events.settings.topic_retention_s, limit)


def _generic(events: Events, name: str, access: Access, version: float) -> Channel | None:
    if _GENERIC.fullmatch(name) is None or not _is_known(events, "StreamingChannel", name):
        return None
    limit = "DailyDurableGenericStreamingApiEvents" if version >= 37 else "DailyGenericStreamingApiEvents"
    return Channel(name, "generic", frozenset({name.lower()}), events.settings.topic_retention_s, limit)


def _delivered(events: Events, name: str, kind: str, names: frozenset[str] | None) -> Channel:
    return Channel(name, kind, names, events.settings.retention_s, "DailyDeliveredPlatformEvents")


def _is_known(events: Events, object_name: str, record_name: str, condition: str = "") -> bool:
    sobject = events.org.schema.get(object_name)
    if sobject is None:
        return False
    sql = f'SELECT 1 FROM {table_name(sobject)} WHERE "Name" = ? AND _deleted = 0{condition}'
    return events.org.store.reader.execute(sql, (record_name,)).fetchone() is not None


_FINDERS: dict[str, Callable[[Events, str, Access, float], Channel | None]] = {
    "/data/": _changes,
    "/event/": _platform,
    "/topic/": _topic,
    "/u/": _generic,
}


def text_for(events: Events, channel: Channel, event: Event, access: Access) -> str | None:
    """Return an event's JSON as a subscriber may see it; None when the object is hidden from him."""
    sobject = events.org.schema.get(event.name) if channel.kind in {"change", "platform"} else None
    if sobject is None:
        return event.text
    if not access.can_see(sobject):
        return None
    layout = events.layouts.of(sobject)
    is_masked = layout.encrypted and not access.views_encrypted
    if access.is_everything and not is_masked:
        return event.text
    unreadable = [field.name for field in sobject.fields if not access.of_field(sobject, field.name).read]
    body: dict[str, Any] = json.loads(event.text)
    payload = layout.masked(body["payload"]) if is_masked else body["payload"]
    body["payload"] = layout.readable(payload, unreadable)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
