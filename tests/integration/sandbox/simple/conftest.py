"""simple-salesforce, unmodified, with a session over TLS."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce

from tests.integration.sandbox.conftest import Process, start_process
from tests.integration.sandbox.gadgets import GADGET

ROWS = 4500


@pytest.fixture(scope="package")
def process(certificate: tuple[Path, Path]) -> Iterator[Process]:
    cert, key = certificate
    running = start_process(
        ["--tls", str(cert), str(key), "--speed", "instant", "--seed", "7", "--rows", f"Account={ROWS}"]
    )
    running.session.verify = str(cert)
    running.control("POST", "/objects", GADGET)
    yield running
    assert running.stop() == 0
    assert running.popen.stdout is not None
    running.popen.stdout.close()


@pytest.fixture
def org(process: Process) -> Iterator[Process]:
    """The process; gadgets go with the test."""
    yield process
    reply = process.session.get(f"{process.url}/_sandbox/records/Gadget__c?fields=Id", headers={"Authorization": ""})
    gone = [{"op": "delete", "object": "Gadget__c", "id": json.loads(line)["Id"]} for line in reply.text.splitlines()]
    process.control("POST", "/records", {"changes": gone})


@pytest.fixture
def client(org: Process) -> Iterator[Salesforce]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = org.session.verify
        token = org.login()
        yield Salesforce(instance=org.url.removeprefix("https://"), session_id=token, session=session, version="62.0")
