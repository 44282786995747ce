"""@salesforce/core from npm, what the sf CLI is built on, keeps an org and reads and writes it."""

import json
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.gadgets import stored
from tests.integration.sandbox.jsforce.client import CORE, run_node

HAS_CORE = bool(CORE) and Path(CORE, "@salesforce/core").is_dir()
pytestmark = pytest.mark.skipif(not HAS_CORE, reason="@salesforce/core comes from npm: make test-sandbox installs it")


def test_an_org_is_kept_and_opened_again(
    org: Process, known: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.control("POST", "/reset", {"rows": {"Account": 2300}})
    org_id = org.control("GET", "/")["org_id"]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SF_USE_GENERIC_UNIX_KEYCHAIN", "true")
    monkeypatch.setenv("SF_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("SFDX_DISABLE_DNS_CHECK", "true")
    before = stored(org, "Account", "Name,Phone")
    done = run_node("core.js", org.url, org.login())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == before
    assert (answer["username"], answer["instanceUrl"]) == (known["username"], org.url)
    assert answer["orgId"] == answer["sameOrg"] == org_id
    assert answer["newest"] == "67.0"
    assert answer["refused"] == "SingleRecordQuery_MultipleRecords"
    [made] = [row["Name"] for row in stored(org, "Account", "Name") if row["Id"] not in {row["Id"] for row in before}]
    assert made == answer["found"] == "Made by core"
