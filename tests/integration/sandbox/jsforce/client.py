"""jsforce from npm, unmodified, in a process of its own; what it says comes back as JSON."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

MODULES = os.environ.get("SFFDW_NODE_MODULES", "")
CORE = os.environ.get("SFFDW_CORE_MODULES", "")  # where @salesforce/core lies, if it does
SCRIPTS = Path(__file__).parent / "scripts"


def run_node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of scripts/ and return what it said."""
    command = ["node", str(SCRIPTS / script), *arguments]
    environment = {**os.environ, "NODE_PATH": f"{MODULES}:{CORE}", "NODE_NO_WARNINGS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def play(module: str, scenario: str, **given: Any) -> Any:
    """Play a scenario of scripts/ and return what it printed."""
    done = run_node("run.js", module, scenario, json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
