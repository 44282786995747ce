"""What a part of the storm stands on, and what is kept of it after a failure."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.storm.database import Database, connect_org, make_database, states
from tests.storm.plan import Plan
from tools.sandbox import Credentials, Sandbox, new_credentials, start_sandbox
from tools.state import ROOT, state_dir


@dataclass(frozen=True)
class Ground:
    """A cluster and an org that it may reach."""

    root: Path
    database: Database
    sandbox: Sandbox

    def keep(self, name: str, found: Mapping[str, Any]) -> Path:
        """Save what is needed to understand a failure."""
        folder = ROOT / "build" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "found.json").write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
        with contextlib.suppress(OSError, RuntimeError):
            journal = self.sandbox.call("GET", "/calls?since=0&limit=200000")
            (folder / "journal.ndjson").write_text("\n".join(map(json.dumps, journal)) + "\n", encoding="utf-8")
        for log in ("sandbox.log", "pg/log"):
            shutil.copyfile(self.root / log, folder / Path(log).name)
        with contextlib.suppress(psycopg.OperationalError):
            (folder / "mappings").write_text("\n".join(states(self.database)) + "\n", encoding="utf-8")
        return folder


@contextlib.contextmanager
def ground(plan: Plan, part: str) -> Iterator[Ground]:
    """Start a cluster and a sandbox; both end with the block."""
    root = state_dir(os.environ.get("STATE") or None) / f"storm-{part[:2]}-{os.getpid()}"
    root.mkdir(mode=0o711)
    credentials: Credentials = new_credentials()
    database = make_database(root)
    sandbox = start_sandbox(root / "sandbox.log", credentials, ["--seed", str(plan.seed)])
    try:
        # So many that the storm meets no limit.
        sandbox.call("PUT", "/limits", {"DailyApiRequests": {"max": 5_000_000, "remaining": 5_000_000}})
        connect_org(database, sandbox, credentials)
        yield Ground(root, database, sandbox)
    finally:
        sandbox.stop()
        database.cluster.remove()
        (root / "sandbox.log").unlink(missing_ok=True)
        root.rmdir()
