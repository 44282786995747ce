"""An org without a server: requests go straight to the dispatcher."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from sffdw.sandbox import stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dispatch import dispatch, make_call
from sffdw.sandbox.org import Options, Org
from sffdw.sandbox.server import Host

DATA = "/services/data/v62.0"
ITEM = {
    "name": "Item__c",
    "fields": [
        {"name": "Ext__c", "type": "string", "length": 20, "externalId": True, "unique": True},
        {"name": "Loose__c", "type": "string", "length": 20, "externalId": True},
        {"name": "Score__c", "type": "double", "precision": 5, "scale": 2},
        {"name": "Kind__c", "type": "picklist", "values": ["A", "B"], "restrictedPicklist": True},
        {"name": "Note__c", "type": "string", "length": 10},
        {"name": "On__c", "type": "boolean"},
        {"name": "Day__c", "type": "date"},
        {"name": "At__c", "type": "datetime"},
        {"name": "Number__c", "type": "string", "autoNumber": True, "displayFormat": "I-{0000}"},
        {"name": "Account__c", "type": "reference", "referenceTo": ["Account"]},
        {"name": "Item__c", "type": "reference", "referenceTo": ["Item__c"]},
        {"name": "Must__c", "type": "string", "length": 10, "required": True},
    ],
}
NOON = "2025-06-18T12:00:00.000+0000"  # a Wednesday


class Caller:
    """Sends requests to an org as its integration user and reads the answers."""

    def __init__(self, org: Org) -> None:
        self.host = Host(org)
        user = org.users.default
        self.token = org.sessions.issue(user.user_id, user.username, org.credentials.client_id).token

    @property
    def org(self) -> Org:
        """The org that answers; a reset replaces it."""
        return self.host.org

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Send a request below the data resource, or to any path that begins with `/services`, `/_sandbox` or `/id`."""
        path = (
            target
            if target.startswith(("/services", "/_sandbox", "/id/", "/setup/", "/.well-known/"))
            else DATA + target
        )
        named = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        named |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        call = Call(self.org, method, "", path, {}, named, payload, base_url="https://acme.my.salesforce.com")
        call.host, call.remote = self.host, "127.0.0.1"
        return dispatch(make_call(call))

    def get(self, target: str, **headers: str) -> Any:
        """GET and return the JSON."""
        return self._json(self.send("GET", target, **headers))

    def post(self, target: str, body: Any, **headers: str) -> Any:
        """POST and return the JSON."""
        return self._json(self.send("POST", target, body, **headers))

    def query(self, soql: str, resource: str = "query", **headers: str) -> Any:
        """Run a statement and return the whole answer."""
        return self.get(f"/{resource}?q={quote(soql)}", **headers)

    def rows(self, soql: str, resource: str = "query") -> list[dict[str, Any]]:
        """Run a statement and return its records without attributes."""
        answer = self.query(soql, resource)
        assert isinstance(answer, dict), answer
        return [_bare(record) for record in answer["records"]]

    def values(self, soql: str, resource: str = "query") -> list[Any]:
        """Run a statement of one column and return its values."""
        return [next(iter(row.values())) for row in self.rows(soql, resource)]

    def refusal(self, soql: str) -> tuple[str, str]:
        """Run a statement that is refused and return errorCode and the last line of the message."""
        answer = self.query(soql)
        assert isinstance(answer, list), answer
        return answer[0]["errorCode"], answer[0]["message"].split("\n")[-1]

    def change(self, *changes: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Change records through the control plane; every change must be accepted."""
        results: list[dict[str, Any]] = self.post("/_sandbox/records", {"changes": list(changes), **options})["results"]
        assert all(result["success"] for result in results), results
        return results

    def create(self, object_name: str, **values: Any) -> str:
        """Create a record and return its id."""
        return str(self.change({"op": "create", "object": object_name, "values": values})[0]["id"])

    def _json(self, reply: Reply) -> Any:
        payload = reply.payload(False)
        return json.loads(payload) if payload else None


def _bare(record: Any) -> Any:
    if isinstance(record, dict):
        return {key: _bare(value) for key, value in record.items() if key != "attributes"}
    return [_bare(item) for item in record] if isinstance(record, list) else record


@pytest.fixture(scope="module")
def sf_module(shared_org: Org) -> Iterator[Caller]:
    """An org that the tests of a module read from together."""
    org = Org(Options(seed=7), birth=shared_org.birth)
    caller = Caller(org)
    caller.send("PUT", "/_sandbox/clock", {"now": NOON})
    yield caller
    caller.org.close()


class _Undone(Exception):
    """Ends the transaction around a test."""


@pytest.fixture(scope="session")
def shared_org() -> Iterator[Org]:
    """An org that tests change inside transactions which are rolled back."""
    org = Org(Options(seed=7))
    org.store.follow(org.schema.define(ITEM))
    story = {"name": "Story__c", "type": "textarea", "length": 5000}
    org.store.follow(org.schema.alter("Account", {"add_fields": [story]}))
    yield org
    org.close()


@contextmanager
def undone(org: Org) -> Iterator[Caller]:
    """Call an org at noon; what is changed meanwhile is rolled back."""
    org.clock.set(stamps.from_text(NOON))
    org.faults.remove()
    try:
        with org.store.transaction():
            yield Caller(org)
            raise _Undone
    except _Undone:
        org.cursors.expire_all()


@pytest.fixture
def sf(shared_org: Org) -> Iterator[Caller]:
    """An org as new; it has the object Item__c. Sequences go on from test to test."""
    with undone(shared_org) as caller:
        yield caller


@pytest.fixture
def own_sf(shared_org: Org) -> Iterator[Caller]:
    """An org of the test's own, for changes that a rollback would not undo."""
    caller = Caller(Org(Options(seed=7), birth=shared_org.birth))
    yield caller
    caller.org.close()
