"""What is put on the bus when a transaction is about to commit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sffdw.sandbox import stamps
from sffdw.sandbox.access import USER_ACCESS
from sffdw.sandbox.events.bus import Entry
from sffdw.sandbox.events.composing import Commit, compose, payload_of
from sffdw.sandbox.events.layout import shown
from sffdw.sandbox.events.recorder import PUBLISH, Change
from sffdw.sandbox.events.topics import announcements
from sffdw.sandbox.soql.settings import Settings

if TYPE_CHECKING:
    from sffdw.sandbox.events.events import Events


def entries_of(events: Events, changes: list[Change]) -> list[Entry]:
    """Return the events of a transaction: platform events, change events, announcements of push topics."""
    published = [change for change in changes if change.kind == PUBLISH]
    records = [change for change in changes if change.kind != PUBLISH]
    return [
        *(_platform(events, change) for change in published),
        *_change_events(events, records),
        *_announcements(events, records),
    ]


def _change_events(events: Events, changes: list[Change]) -> Iterator[Entry]:
    captured = [change for change in changes if events.captures(change.layout.sobject)]
    if not captured:
        return
    timestamp_ms = int(events.org.clock.timestamp()) * 1000
    commit = Commit(events.bus.random_key(), events.bus.next_commit_number(), timestamp_ms)
    sequence = 0
    for draft in compose(captured, events.settings, events.strike):
        sequence += not draft.is_gap
        payload = payload_of(draft, sequence, commit, lists_nulled=events.settings.lists_nulled)
        body = {"schema": draft.layout.schema_id, "payload": payload, "event": {}}
        yield Entry("change", draft.layout.name, body)


def _announcements(events: Events, changes: list[Change]) -> Iterator[Entry]:
    now = events.org.clock.now()
    created_at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    settings = Settings(now=now, includes_deleted=True, access=USER_ACCESS)
    return announcements(events.org.store, changes, settings, created_at)


def _platform(events: Events, change: Change) -> Entry:
    """A platform event carries all of its fields, empty ones too."""
    sobject = change.layout.sobject
    own = [field for field in sobject.fields if field.custom or field.name in {"CreatedDate", "CreatedById"}]
    payload: dict[str, Any] = {field.name: shown(field, change.values.get(field.name)) for field in own}
    event = {"EventUuid": event_uuid(change.record_id), "replayId": 0, "EventApiName": sobject.name}
    return Entry("platform", sobject.name, {"schema": change.layout.schema_id, "payload": payload, "event": event})


def event_uuid(record_id: str) -> str:
    """Return the uuid of a platform event, which the reply to its publisher names too."""
    digits = hashlib.md5(record_id.encode(), usedforsecurity=False).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def enqueued(record_id: str) -> dict[str, Any]:
    """Return the body for a platform event that was accepted: its uuid stands in an error that is none."""
    notice = {"statusCode": "OPERATION_ENQUEUED", "message": event_uuid(record_id), "fields": []}
    return {"id": record_id, "success": True, "errors": [notice]}


def generic_entry(events: Events, channel: str, payload: str) -> Entry:
    """Return a generic event."""
    created_at = stamps.to_text(events.org.clock.now()).replace("+0000", "Z")
    return Entry("generic", channel, {"event": {"createdDate": created_at, "replayId": 0}, "payload": payload})
