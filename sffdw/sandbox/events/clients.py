"""Clients of the event stream: their subscriptions and how far each has read.

A client lives as long as it comes back in time: after a reply it has 40 seconds (of the org's clock) to connect again.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.events.channels import Channel, Refused, text_for
from sffdw.sandbox.jsontext import dumps

if TYPE_CHECKING:
    from sffdw.sandbox.events.events import Events

_CONCURRENT = "DurableStreamingApiConcurrentClients"
UNKNOWN_CLIENT = "403::Unknown client"
LIMIT_REACHED = "403::Organization total events daily limit exceeded"


@dataclass
class Subscription:
    """A channel and the replay id up to which it was delivered."""

    channel: Channel
    position: int


@dataclass
class Client:
    """One CometD client. `connection` counts its connects: a later one replaces one that still waits."""

    client_id: str
    user_id: str
    username: str
    version: float
    cookie: str
    replays: bool
    seen_at: float
    is_waiting: bool = False
    connection: int = 0
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def shown(self) -> dict[str, Any]:
        """Return what the control plane shows."""
        return {
            "clientId": self.client_id,
            "user": self.username,
            "waiting": self.is_waiting,
            "subscriptions": {name: item.position for name, item in self.subscriptions.items()},
        }


class Clients:
    """All clients that are connected."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}

    def open(self, user_id: str, username: str, version: float, *, replays: bool) -> Client:
        """Make a client; raises Refused when the org has as many as it may."""
        now = self._events.org.clock.timestamp()
        client = Client(secrets.token_hex(14), user_id, username, version, secrets.token_hex(16), replays, seen_at=now)
        most = self._events.org.limits.shown()[_CONCURRENT]["Max"]
        with self._lock:
            self._forget_absent(now)
            if len(self._clients) >= most:
                raise Refused("403::Organization concurrent user limit exceeded")
            self._clients[client.client_id] = client
        return client

    def find(self, client_id: object) -> Client | None:
        """Return a client that still lives and note that it was heard of."""
        now = self._events.org.clock.timestamp()
        with self._lock:
            self._forget_absent(now)
            client = self._clients.get(client_id) if isinstance(client_id, str) else None
            if client is not None:
                client.seen_at = now
            return client

    def is_known(self, client: Client) -> bool:
        """Tell whether a client has not been closed meanwhile."""
        with self._lock:
            return client.client_id in self._clients

    def close(self, client: Client) -> None:
        """Forget a client and its subscriptions."""
        with self._lock:
            self._clients.pop(client.client_id, None)

    def close_all(self) -> None:
        """Forget all clients."""
        with self._lock:
            self._clients.clear()

    def listed(self) -> list[Client]:
        """Return all clients that live."""
        with self._lock:
            self._forget_absent(self._events.org.clock.timestamp())
            return list(self._clients.values())

    def _forget_absent(self, now: float) -> None:
        patience_s = self._events.settings.reconnect_s
        for client in list(self._clients.values()):
            if not client.is_waiting and now - client.seen_at > patience_s:
                del self._clients[client.client_id]


def deliver(events: Events, client: Client) -> list[str]:
    """Return the messages a client has not got yet, oldest first, and note that it has them.

    Raises Refused when the org's limit of deliveries is used up; what was not delivered can be replayed later.
    """
    until = events.bus.last_id
    found: list[tuple[int, str]] = []
    behind = [item for item in client.subscriptions.values() if item.position < until]
    is_limited = False
    for subscription in behind:
        is_limited |= not _read_on(events, client, subscription, until, found)
    if is_limited and not found:
        raise Refused(LIMIT_REACHED)
    return [text for _, text in sorted(found, key=lambda item: item[0])]


def _read_on(
    events: Events, client: Client, subscription: Subscription, until: int, found: list[tuple[int, str]]
) -> bool:
    """Read a channel up to a replay id; False when the limit of deliveries ended it."""
    channel, most = subscription.channel, events.settings.max_messages
    access, name = events.org.users.access(client.username), dumps(channel.name)
    batch = events.bus.read(
        channel.kind,
        channel.names,
        after=subscription.position,
        until=until,
        retention_s=channel.retention_s,
        limit=most,
    )
    for event in batch:
        text = text_for(events, channel, event, access)
        if text is not None and not events.org.limits.spend(channel.limit):
            return False
        subscription.position = event.replay_id
        if text is not None:
            found.append((event.replay_id, f'{{"data":{text},"channel":{name}}}'))
    if len(batch) < most:
        subscription.position = until
    return True
