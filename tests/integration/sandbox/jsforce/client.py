"""jsforce from npm, unmodified, in a process of its own; what it says comes back as JSON."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.sandbox.conftest import Process

MODULES = os.environ.get("SFFDW_NODE_MODULES", "")
SCRIPTS = Path(__file__).parent / "scripts"
GADGET = {
    "name": "Gadget__c",
    "fields": [
        {"name": "Key__c", "type": "string", "length": 40, "external_id": True, "unique": True},
        {"name": "Size__c", "type": "double", "precision": 10, "scale": 2},
        {"name": "Color__c", "type": "string", "length": 20},
        {"name": "Made__c", "type": "datetime"},
        {"name": "Is_Sold__c", "type": "boolean"},
    ],
}


def run_node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of scripts/ and return what it said."""
    command = ["node", str(SCRIPTS / script), *arguments]
    environment = {**os.environ, "NODE_PATH": MODULES, "NODE_NO_WARNINGS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def play(module: str, scenario: str, **given: Any) -> Any:
    """Play a scenario of scripts/ and return what it printed."""
    done = run_node("run.js", module, scenario, json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stored(process: Process, name: str, fields: str, **params: str) -> list[dict[str, Any]]:
    """Return what the org holds, by Id, as the control plane shows it."""
    query = "&".join(f"{key}={value}" for key, value in {"fields": fields, **params}.items())
    reply = process.session.get(f"{process.url}/_sandbox/records/{name}?{query}", headers={"Authorization": ""})
    assert reply.status_code == 200, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]
