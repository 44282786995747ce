"""A sandbox for jsforce. `make test-sandbox` installs jsforce from npm; other runs skip these tests."""

import json
from collections.abc import Iterator

import pytest

from tests.integration.sandbox.conftest import Process, start_process
from tests.integration.sandbox.gadgets import GADGET
from tests.integration.sandbox.jsforce.client import MODULES

PAGE_ROWS = 400  # of bulk results: jsforce leaves the size of pages to the server


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if not MODULES:
        pytest.skip("jsforce comes from npm: make test-sandbox installs it and runs this")


@pytest.fixture(scope="package")
def process(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    config = tmp_path_factory.mktemp("jsforce") / "config.json"
    config.write_text(json.dumps({"switches": {"bulk_page_rows": PAGE_ROWS}}))
    running = start_process(["--seed", "5", "--speed", "instant", "--config", str(config)])
    yield running
    assert running.stop() == 0
    assert running.popen.stdout is not None
    running.popen.stdout.close()


@pytest.fixture
def org(process: Process) -> Process:
    """An org as new with the object Gadget__c, logged in."""
    process.control("POST", "/reset", {})
    process.control("POST", "/objects", GADGET)
    process.login()
    return process


@pytest.fixture
def session(org: Process) -> dict[str, str]:
    """What a scenario needs to go on with a session that exists."""
    return {"url": org.url, "token": org.login()}


@pytest.fixture
def known(org: Process) -> dict[str, str]:
    """What a scenario needs to log in."""
    credentials: dict[str, str] = org.control("GET", "/")["credentials"]
    return {"url": org.url, **credentials}
