"""jsforce listens to changes: change events, push topics, replay."""

import json
import subprocess

from tests.integration.sandbox.conftest import Process
from tests.integration.sandbox.jsforce.client import run_node


def listen(org: Process, channel: str, replay_id: int) -> subprocess.CompletedProcess[str]:
    """Listen to a channel and make an account; return what was heard and said."""
    return run_node("streaming.js", org.url, org.login(), channel, str(replay_id))


def test_jsforce_hears_of_the_account_it_makes(org: Process) -> None:
    done = listen(org, "/data/AccountChangeEvent", -1)
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    header = heard["event"]["payload"]["ChangeEventHeader"]
    assert (header["changeType"], header["recordIds"]) == ("CREATE", [heard["made"]["id"]])
    assert heard["event"]["payload"]["Name"] == "Made by jsforce"
    assert heard["event"]["event"]["replayId"] > 0


def test_jsforce_replays_what_it_missed(org: Process) -> None:
    missed = {"op": "create", "object": "Account", "values": {"Name": "Missed"}}
    org.control("POST", "/records", {"changes": [missed]})
    done = listen(org, "/data/ChangeEvents", -2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["event"]["payload"]["Name"] == "Missed"


def test_jsforce_reports_a_replay_id_that_is_gone(org: Process) -> None:
    done = listen(org, "/data/ChangeEvents", 1)
    assert done.returncode == 1
    assert "The replayId {1} you provided was invalid" in done.stderr


def test_jsforce_hears_what_a_push_topic_selects(org: Process) -> None:
    topic = {
        "Name": "MadeHere",
        "Query": "SELECT Id, Name FROM Account WHERE Name LIKE 'Made%'",
        "ApiVersion": 62.0,
        "NotifyForFields": "All",
    }
    assert org.call("POST", "/sobjects/PushTopic", json=topic).status_code == 201
    done = listen(org, "/topic/MadeHere", -1)
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout)
    assert heard["event"]["sobject"] == {"Id": heard["made"]["id"], "Name": "Made by jsforce"}
    assert heard["event"]["event"]["type"] == "created"
    refused = listen(org, "/topic/NoSuchTopic", -1)
    assert refused.returncode == 1
    assert "NoSuchTopic" in refused.stderr
