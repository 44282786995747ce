"""jsforce from npm, unmodified, listens to changes: `make test-jsforce` installs it and runs this."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import Start

MODULES = os.environ.get("SFFDW_NODE_MODULES", "")
SCRIPT = Path(__file__).parent / "clients" / "streaming.js"
pytestmark = pytest.mark.skipif(not MODULES, reason="run with make test-jsforce")


def listen(url: str, token: str, channel: str, replay_id: int) -> subprocess.CompletedProcess[str]:
    """Run the script and return what it said."""
    command = ["node", str(SCRIPT), url, token, channel, str(replay_id)]
    environment = {**os.environ, "NODE_PATH": MODULES}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_jsforce_hears_of_the_account_it_makes(start: Start) -> None:
    process = start("--seed", "4")
    done = listen(process.url, process.login(), "/data/AccountChangeEvent", -1)
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    header = heard["event"]["payload"]["ChangeEventHeader"]
    assert (header["changeType"], header["recordIds"]) == ("CREATE", [heard["made"]["id"]])
    assert heard["event"]["payload"]["Name"] == "Made by jsforce"
    assert heard["event"]["event"]["replayId"] > 0


def test_jsforce_replays_what_it_missed(start: Start) -> None:
    process = start("--seed", "4")
    missed = {"op": "create", "object": "Account", "values": {"Name": "Missed"}}
    process.control("POST", "/records", {"changes": [missed]})
    done = listen(process.url, process.login(), "/data/ChangeEvents", -2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["event"]["payload"]["Name"] == "Missed"


def test_jsforce_reports_a_replay_id_that_is_gone(start: Start) -> None:
    process = start("--seed", "4")
    done = listen(process.url, process.login(), "/data/ChangeEvents", 1)
    assert done.returncode == 1
    assert "The replayId {1} you provided was invalid" in done.stderr
