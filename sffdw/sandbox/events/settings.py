"""What is configurable about events: which objects are captured, how long events last, when transactions overflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject

# Objects of Setup, which Change Data Capture does not offer, and those that carry events themselves.
NEVER_CAPTURED = frozenset(
    (
        *("Profile", "PermissionSet", "PermissionSetAssignment", "Organization", "UserLicense", "UserRole"),
        *("RecordType", "QueueSobject", "GroupMember", "PushTopic", "StreamingChannel", "OpportunityHistory"),
    )
)
_NUMBERS = (
    *("overflow_after", "max_event_bytes", "retention_s", "topic_retention_s", "connect_timeout_s"),
    *("reconnect_s", "max_messages"),
)
_FLAGS = ("requires_cookie", "lists_nulled")


@dataclass(frozen=True)
class EventSettings:
    """Times are seconds of the org's clock. `selected` None captures every object that can be captured."""

    selected: frozenset[str] | None = None
    channels: Mapping[str, frozenset[str]] = field(default_factory=dict)  # /data/NAME__chn → objects, lower case
    overflow_after: int = 100_000  # changes of one transaction
    max_event_bytes: int = 1_000_000
    retention_s: float = 72 * 3600.0
    topic_retention_s: float = 24 * 3600.0
    connect_timeout_s: float = 110.0
    reconnect_s: float = 40.0
    max_messages: int = 2_000  # events in one reply
    requires_cookie: bool = True
    lists_nulled: bool = True  # recorded CometD events carry changedFields only, newer documents all three lists

    def captures(self, sobject: SObject) -> bool:
        """Tell whether changes of an object become change events."""
        if self.selected is not None:
            return sobject.name.lower() in self.selected
        return is_capturable(sobject)

    def changed(self, given: Mapping[str, Any]) -> EventSettings:
        """Return these settings with what `given` states; raises ApiError for what cannot be read."""
        unknown = sorted(given.keys() - {"selected", "channels", *_NUMBERS, *_FLAGS})
        if unknown:
            raise ApiError("INVALID_ARGUMENT", f'unknown event setting "{unknown[0]}"')
        try:
            return replace(self, **{name: _READERS[name](value) for name, value in given.items()})
        except (TypeError, ValueError, AttributeError):
            raise ApiError("INVALID_ARGUMENT", "cannot read the event settings") from None

    def shown(self) -> dict[str, Any]:
        """Return the settings as the control plane shows them."""
        return {
            "selected": "all" if self.selected is None else sorted(self.selected),
            "channels": {name: sorted(objects) for name, objects in self.channels.items()},
            **{name: getattr(self, name) for name in (*_NUMBERS, *_FLAGS)},
        }


def is_capturable(sobject: SObject) -> bool:
    """Tell whether Change Data Capture offers an object."""
    return sobject.triggerable and not sobject.custom_setting and sobject.name not in NEVER_CAPTURED


def _selection(value: Any) -> frozenset[str] | None:
    if value in (None, "all"):
        return None
    return _names(value)


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise TypeError(value)
    return frozenset(name.lower() for name in value)


def _channels(value: Any) -> dict[str, frozenset[str]]:
    return {name: _names(objects) for name, objects in value.items()}


_READERS: dict[str, Any] = {
    "selected": _selection,
    "channels": _channels,
    "requires_cookie": bool,
    "lists_nulled": bool,
    **{name: float if name.endswith("_s") else int for name in _NUMBERS},
}
