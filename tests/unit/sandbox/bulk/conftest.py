"""An org whose bulk jobs run at once, and one whose jobs wait for a clock that only tests move."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.conftest import ITEM, NOON, Caller

CSV = "text/csv"
BLOB = {"name": "Blob__c", "fields": [{"name": "Body__c", "type": "base64"}]}


class Bulk(Caller):
    """Runs jobs of Bulk API 2.0 and reads what they give."""

    def start(self, soql: str, **options: Any) -> Any:
        """Create a query job and return its info."""
        return self.post("/jobs/query", {"operation": "query", "query": soql, **options})

    def show(self, job_id: str, kind: str = "query") -> Any:
        """Return the info of a job."""
        return self.get(f"/jobs/{kind}/{job_id}")

    def text(self, target: str, **headers: str) -> str:
        """GET and return the body as it is."""
        reply = self.send("GET", target, **headers)
        assert reply.status == 200, reply.body
        return reply.payload(False).decode()

    def result(self, soql: str, **options: Any) -> str:
        """Run a query job to its end and return its whole result."""
        job = self.start(soql, **options)
        assert isinstance(job, dict), job
        assert self.show(job["id"])["state"] == "JobComplete"
        return self.text(f"/jobs/query/{job['id']}/results")

    def rows_of(self, soql: str, **options: Any) -> list[dict[str, str]]:
        """Run a query job and return its rows."""
        return list(csv.DictReader(io.StringIO(self.result(soql, **options))))

    def upload(self, content: str | bytes, **options: Any) -> Any:
        """Create an ingest job, upload its data, close it; return the job's info at its end."""
        job = self.post("/jobs/ingest", {"object": "Item__c", "operation": "insert", **options})
        assert isinstance(job, dict), job
        payload = content if isinstance(content, bytes) else content.encode()
        assert self.send("PUT", "/" + job["contentUrl"], payload, content_type=CSV).status == 201
        assert self.send("PATCH", f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"}).status == 200
        return self.show(job["id"], "ingest")

    def outcome(self, job: dict[str, Any], kind: str) -> list[dict[str, str]]:
        """Return the rows of a result file of an ingest job."""
        return list(csv.DictReader(io.StringIO(self.text(f"/jobs/ingest/{job['id']}/{kind}"))))

    def fault(self, name: str, when: dict[str, Any] | None = None, **params: Any) -> None:
        """Set a fault."""
        self.post("/_sandbox/faults", {"name": name, "when": when or {}, "params": params})


def _caller(shared_org: Org, speed: str) -> Bulk:
    org = Org(Options(seed=7, speed=speed), birth=shared_org.birth)
    org.store.follow(org.schema.define(ITEM))
    org.store.follow(org.schema.define(BLOB))
    caller = Bulk(org)
    caller.send("PUT", "/_sandbox/clock", {"now": NOON})
    return caller


@pytest.fixture(scope="session")
def bulk_org(shared_org: Org) -> Iterator[Bulk]:
    """The instant org that the tests of this folder share; its objects are emptied for each."""
    caller = _caller(shared_org, "instant")
    yield caller
    caller.org.close()


@pytest.fixture
def bulk(bulk_org: Bulk) -> Bulk:
    """The instant org without records, faults and spent limits."""
    org = bulk_org.org
    org.faults.remove()
    for name in ("Item__c", "Contact", "Account", "Task"):
        with org.store.transaction() as connection:
            connection.execute(f'DELETE FROM "{name}"')
    bulk_org.send("PUT", "/_sandbox/clock", {"now": NOON})
    return bulk_org


@pytest.fixture
def slow(shared_org: Org) -> Iterator[Bulk]:
    """An org with real speed and a clock that stands still until a test moves it."""
    caller = _caller(shared_org, "real")
    caller.send("PUT", "/_sandbox/clock", {"rate": 0})
    yield caller
    caller.org.close()
