"""A CometD client that speaks to the dispatcher, without a server and without waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sffdw.sandbox import stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dispatch import dispatch, make_call
from sffdw.sandbox.events.settings import EventSettings
from sffdw.sandbox.org import Options, Org

NOON = "2025-06-18T12:00:00.000+0000"


class Listener:
    """One CometD client; `connect` never waits: it returns what there is now."""

    def __init__(self, org: Org, *, version: str = "62.0", username: str | None = None) -> None:
        self.org = org
        self.path = f"/cometd/{version}"
        user = org.users.by_username(username) if username else org.users.default
        assert user is not None
        self.token = org.sessions.issue(user.user_id, user.username, org.credentials.client_id).token
        self.headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        self.client_id = ""

    def reply(self, *messages: dict[str, Any]) -> Reply:
        """Send messages in one request."""
        call = Call(self.org, "POST", "", self.path, {}, dict(self.headers), json.dumps(messages).encode())
        return dispatch(make_call(call))

    def send(self, *messages: dict[str, Any]) -> Any:
        """Send messages and return the replies."""
        reply = self.reply(*messages)
        if "Set-Cookie" in reply.headers:
            self.headers["cookie"] = reply.headers["Set-Cookie"].partition(";")[0]
        return json.loads(reply.payload(False))

    def handshake(self, **stated: Any) -> dict[str, Any]:
        """Shake hands and remember the client id."""
        message = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        answer: dict[str, Any] = self.send(message | {"ext": {"replay": True}} | stated)[0]
        self.client_id = answer.get("clientId", "")
        return answer

    def subscribe(self, channel: str, replay: Any = None) -> dict[str, Any]:
        """Subscribe to a channel."""
        message: dict[str, Any] = {"channel": "/meta/subscribe", "clientId": self.client_id, "subscription": channel}
        if replay is not None:
            message["ext"] = {"replay": {channel: replay}}
        answer: dict[str, Any] = self.send(message)[0]
        return answer

    def connection(self, **stated: Any) -> dict[str, Any]:
        """Return the message of a connect."""
        return {"channel": "/meta/connect", "clientId": self.client_id, "connectionType": "long-polling"} | stated

    def connect(self) -> Any:
        """Connect with the wish not to wait."""
        return self.send(self.connection(advice={"timeout": 0}))

    def rest(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request below the data resource and return the JSON."""
        named = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        payload = b"" if body is None else json.dumps(body).encode()
        call = Call(self.org, method, "", f"/services/data/v62.0{path}", {}, named, payload)
        answer = dispatch(make_call(call)).payload(False)
        return json.loads(answer) if answer else None

    def events(self) -> list[dict[str, Any]]:
        """Connect and return what stands below `data` of the events that have come."""
        return [message["data"] for message in self.connect() if "data" in message]

    def payloads(self) -> list[dict[str, Any]]:
        """Connect and return the payloads of the events that have come."""
        return [event["payload"] for event in self.events()]


FIELDS = [
    {"name": "Note__c", "type": "string", "length": 100},
    {"name": "Story__c", "type": "textarea", "length": 30000},
    {"name": "Score__c", "type": "double", "precision": 5, "scale": 2},
    {"name": "On__c", "type": "boolean"},
    {"name": "Day__c", "type": "date"},
    {"name": "At__c", "type": "datetime"},
    {"name": "Twice__c", "type": "double", "precision": 5, "scale": 2, "formula": "Score__c * 2"},
    {"name": "Account__c", "type": "reference", "referenceTo": ["Account"]},
]
SIGNAL = {
    "name": "Signal__e",
    "fields": [
        {"name": "Level__c", "type": "double", "precision": 5, "scale": 0},
        {"name": "Text__c", "type": "string", "length": 20},
    ],
}


@pytest.fixture(scope="module")
def org(shared_org: Org) -> Iterator[Org]:
    """An org whose transactions commit, for the tests of a module."""
    made = Org(Options(seed=7), birth=shared_org.birth)
    made.store.follow(made.schema.define({"name": "Item__c", "fields": FIELDS}))
    made.store.follow(made.schema.define(SIGNAL))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fresh(org: Org) -> None:
    """Begin each test with no clients, no faults, usual settings and the clock at noon."""
    org.events.clients.close_all()
    org.faults.remove()
    org.events.settings = EventSettings()
    org.clock.set(stamps.from_text(NOON))


@pytest.fixture
def listen(org: Org) -> Callable[..., Listener]:
    """Make clients that have shaken hands: `listen(username=…)`."""

    def make(**stated: Any) -> Listener:
        made = Listener(org, **stated)
        assert made.handshake()["successful"]
        return made

    return make


@pytest.fixture
def listener(listen: Callable[..., Listener]) -> Listener:
    """A client that has shaken hands."""
    return listen()


@pytest.fixture
def changes(listener: Listener) -> Listener:
    """A client that listens to all changes from now on."""
    assert listener.subscribe("/data/ChangeEvents")["successful"]
    return listener


Change = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def change(org: Org) -> Change:
    """Make changes in one transaction, as the integration user; all must be accepted unless `refused`."""

    def apply(*changes: dict[str, Any], user: str | None = None, refused: bool = False) -> list[dict[str, Any]]:
        results = org.store.apply(changes, user=user or org.users.default.user_id, at=org.stamp())
        assert all(result["success"] for result in results) != refused, results
        return results

    return apply


@pytest.fixture
def create(change: Change) -> Callable[..., str]:
    """Create one record and return its id."""

    def apply(object_name: str, **values: Any) -> str:
        return str(change({"op": "create", "object": object_name, "values": values})[0]["id"])

    return apply
