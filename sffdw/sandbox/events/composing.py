"""From the changes of one transaction to change events: merged, numbered, replaced by gap and overflow events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.events.layout import Layout
from sffdw.sandbox.events.recorder import DELETE, UPDATE, Change
from sffdw.sandbox.events.settings import EventSettings
from sffdw.sandbox.jsontext import dumps

OVERFLOW = "GAP_OVERFLOW"
Struck = Callable[[str, str], Any]  # (fault, object name) → the fault if it strikes


@dataclass(frozen=True)
class Commit:
    """What all events of a transaction share."""

    transaction_key: str
    number: int
    timestamp_ms: int


@dataclass
class Draft:
    """One event that is being put together."""

    layout: Layout
    kind: str
    record_ids: list[str]
    user_id: str
    origin: str
    body: dict[str, Any] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    nulled: list[str] = field(default_factory=list)

    @property
    def is_gap(self) -> bool:
        """Whether the event says only that something happened."""
        return self.kind.startswith("GAP_")

    def gap(self, kind: str = "") -> Draft:
        """Return the gap event in place of this one."""
        return Draft(self.layout, kind or f"GAP_{self.kind}", list(self.record_ids), self.user_id, self.origin)


def compose(changes: Iterable[Change], settings: EventSettings, struck: Struck) -> list[Draft]:
    """Return the events of a transaction in order."""
    carried, overflown = _within_limit(changes, settings.overflow_after)
    drafts = _with_overflow_fault(_merged(carried), struck)
    drafts = [_checked(draft, settings, struck) for draft in drafts]
    return _joined_gaps(drafts) + [_overflow(change) for change in overflown]


def _within_limit(changes: Iterable[Change], limit: int) -> tuple[list[Change], list[Change]]:
    """Split off what exceeds the limit: of that, one change per object. An update counts once per changed field."""
    carried: list[Change] = []
    beyond: dict[str, Change] = {}
    count = 0
    for change in changes:
        count += max(1, len(change.values)) if change.kind == UPDATE else 1
        if count <= limit:
            carried.append(change)
        else:
            beyond.setdefault(change.layout.name, change)
    return carried, list(beyond.values())


def _merged(changes: Iterable[Change]) -> list[Draft]:
    """Make events; records with the same change share one unless something else happened to them since."""
    drafts: list[Draft] = []
    places: dict[Any, int] = {}
    latest: dict[str, int] = {}
    for change in changes:
        key = _likeness(change)
        place = places.get(key) if key is not None else None
        if place is not None and latest.get(change.record_id, -1) < place:
            drafts[place].record_ids.append(change.record_id)
        else:
            place = len(drafts)
            drafts.append(_draft(change))
            if key is not None:
                places[key] = place
        latest[change.record_id] = place
    return drafts


def _likeness(change: Change) -> Any:
    """Return what two changes must have in common to be one event; None for those that are never merged."""
    if change.kind not in {UPDATE, DELETE}:
        return None
    values = tuple(sorted(change.values.items(), key=lambda item: item[0]))
    return change.layout.name, change.kind, change.user_id, values


def _draft(change: Change) -> Draft:
    draft = Draft(change.layout, change.kind, [change.record_id], change.user_id, change.origin)
    draft.body = change.layout.body(change.values)
    if change.kind == UPDATE:
        draft.changed = change.layout.paths(change.values)
        draft.nulled = change.layout.paths([name for name, value in change.values.items() if value is None])
    return draft


def _with_overflow_fault(drafts: list[Draft], struck: Struck) -> list[Draft]:
    """Replace an object's events by one overflow event where the fault says so (`after`: how many stay)."""
    kept: list[Draft] = []
    limits: dict[str, int | None] = {}
    for draft in drafts:
        name = draft.layout.name
        if name not in limits:
            fault = struck("event.overflow", name)
            limits[name] = None if fault is None else int(fault.params.get("after", 0))
        left = limits[name]
        if left is None or left > 0:
            kept.append(draft)
        elif left == 0:
            kept.append(_overflow_of(draft))
        limits[name] = None if left is None else left - 1
    return kept


def _checked(draft: Draft, settings: EventSettings, struck: Struck) -> Draft:
    """Return the event, or a gap event where the fault strikes or the event would be too large."""
    if draft.is_gap:
        return draft
    if struck("event.gap", draft.layout.name) is not None:
        return draft.gap()
    return draft.gap() if _exceeds(draft, settings.max_event_bytes) else draft


def _exceeds(draft: Draft, most: int) -> bool:
    """Tell whether an event is larger than allowed; only one that might be is measured."""
    ids_size = 21 * len(draft.record_ids)
    length = sum(len(value) for value in draft.body.values() if isinstance(value, str))
    if ids_size + 6 * length + 2_000 * len(draft.body) <= most:
        return False
    return ids_size + len(dumps(draft.body).encode("utf-8", "surrogatepass")) > most


def _joined_gaps(drafts: list[Draft]) -> list[Draft]:
    """Gap events of one kind and object share one event."""
    joined: list[Draft] = []
    first: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        known = first.get((draft.layout.name, draft.kind))
        if draft.is_gap and known is not None:
            known.record_ids.extend(draft.record_ids)
            continue
        if draft.is_gap:
            first[draft.layout.name, draft.kind] = draft
        joined.append(draft)
    return joined


def _overflow(change: Change) -> Draft:
    return Draft(change.layout, OVERFLOW, [ids.NULL_ID], change.user_id, change.origin)


def _overflow_of(draft: Draft) -> Draft:
    return Draft(draft.layout, OVERFLOW, [ids.NULL_ID], draft.user_id, draft.origin)


def payload_of(draft: Draft, sequence: int, commit: Commit, *, lists_nulled: bool = True) -> dict[str, Any]:
    """Return the payload of an event: header and body. Gap events are always the first of their transaction."""
    lists = {"nulledFields": draft.nulled, "diffFields": []} if lists_nulled else {}
    header = {
        "entityName": draft.layout.name,
        "recordIds": draft.record_ids,
        "changeType": draft.kind,
        "changeOrigin": draft.origin,
        "transactionKey": commit.transaction_key,
        "sequenceNumber": 1 if draft.is_gap else sequence,
        "commitTimestamp": commit.timestamp_ms,
        "commitNumber": commit.number,
        "commitUser": draft.user_id,
        **lists,
        "changedFields": draft.changed,
    }
    return {"ChangeEventHeader": header, **draft.body}
