"""The owner's session with live tables of a small org."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]
Rows = list[tuple[Any, ...]]
OBJECTS = "account, contact, opportunity, task"


@pytest.fixture
def org(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox without faults, before and after."""
    sandbox.call("DELETE", "/faults")
    yield sandbox
    sandbox.call("DELETE", "/faults")


@pytest.fixture
def tables(org: Sandbox, live: Session) -> Session:
    """The owner's session; schema live holds live tables with system columns, and the system tables."""
    live.execute("CREATE SCHEMA live")
    live.execute(f"IMPORT FOREIGN SCHEMA salesforce LIMIT TO ({OBJECTS}) FROM SERVER sf INTO live "
                 "OPTIONS (system_columns 'true')")
    live.execute("IMPORT FOREIGN SCHEMA salesforce_system FROM SERVER sf INTO live")
    live.execute("SET search_path = live, public")
    return live


@pytest.fixture
def fault(org: Sandbox) -> Callable[..., int]:
    """Add a fault: `fault("http.status", kind="query", calls="1", params={"status": 503})` gives its id."""

    def add(name: str, *, params: dict[str, Any] | None = None, **when: Any) -> int:
        return int(org.call("POST", "/faults", {"name": name, "when": when, "params": params or {}})["id"])

    return add


@pytest.fixture
def calls(org: Sandbox) -> Callable[[], dict[str, int]]:
    """Calls by kind since the last question."""
    mark = org.call("POST", "/stats/mark")["mark"]

    def since() -> dict[str, int]:
        nonlocal mark
        found = org.call("GET", f"/stats?since={mark}")["calls"]["by_kind"]
        mark = org.call("POST", "/stats/mark")["mark"]
        return {kind: count for kind, count in found.items() if count}

    return since
