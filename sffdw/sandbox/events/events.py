"""The event stream as the org holds it: recorder, bus, clients and settings in one place."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.events.bus import Bus
from sffdw.sandbox.events.clients import Clients
from sffdw.sandbox.events.layout import Layouts
from sffdw.sandbox.events.publishing import entries_of, generic_entry
from sffdw.sandbox.events.recorder import Change, Recorder
from sffdw.sandbox.events.settings import EventSettings, is_capturable
from sffdw.sandbox.schema import SObject

if TYPE_CHECKING:
    from sffdw.sandbox.faults import Fault
    from sffdw.sandbox.org import Org


_SETTING = "event_settings"


class Events:
    """The event stream of one org; listens to its store from the moment it is made."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._changed: dict[str, Any] = org.store.setting(_SETTING) or {}
        self.settings = EventSettings().changed(org.switch("events", {})).changed(self._changed)
        self.layouts = Layouts()
        self.bus = Bus(org.store, org.clock, org.seed)
        self.clients = Clients(self)
        self.gate = threading.RLock()  # held while a waiting connect looks at the store, and to close
        self.is_closed = False
        self.recorder = Recorder(org.store, self.layouts, self._publish, self.bus.wake)
        org.store.recorder = self.recorder
        org.late.noticed = self.bus.wake

    def configure(self, given: Mapping[str, Any]) -> None:
        """Change settings from now on, in the next process too."""
        self.settings = self.settings.changed(given)
        self._changed |= given
        self.org.store.save_setting(_SETTING, self._changed)

    def close(self) -> None:
        """End all clients; those who wait are told to begin anew."""
        with self.gate:
            self.is_closed = True
            self.clients.close_all()
        self.bus.wake()

    # What becomes an event

    def offers(self, sobject: SObject) -> bool:
        """Tell whether there is a channel for changes of an object."""
        return is_capturable(sobject) or self.captures(sobject)

    def captures(self, sobject: SObject) -> bool:
        """Tell whether changes of an object are published."""
        return self.settings.captures(sobject)

    def strike(self, fault: str, object_name: str) -> Fault | None:
        """Return the fault of this name if it strikes an event of an object."""
        return self.org.faults.strike_event(fault, object_name)

    def _publish(self, changes: list[Change]) -> None:
        entries = entries_of(self, changes)
        if entries:
            self.bus.append(entries, self.settings.retention_s)

    def push(self, channel: str, payload: str) -> None:
        """Publish a generic event."""
        with self.org.store.transaction():
            self.bus.append([generic_entry(self, channel, payload)], self.settings.retention_s)
        self.bus.wake()

    def shown(self) -> dict[str, Any]:
        """Return what GET /_sandbox/events shows."""
        clients = [client.shown() for client in self.clients.listed()]
        return {"settings": self.settings.shown(), "last_replay_id": self.bus.last_id, "clients": clients}
