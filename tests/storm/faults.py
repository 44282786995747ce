"""What goes wrong between the org and the database: faults of the sandbox, each struck by dice of its own seed."""

from typing import Any

from tools.sandbox import Sandbox

READS = ["query", "query_more", "deleted", "bulk_job", "bulk_result"]
# The chance of each call it may strike; the hits of two faults on one call are two faults.
FAULTS: tuple[tuple[str, dict[str, Any], float, list[str] | None], ...] = (
    ("http.status", {"status": 503}, 0.03, [*READS, "describe", "token"]),
    ("http.status", {"status": 500}, 0.02, READS),
    ("http.status", {"status": 502, "after": True}, 0.02, READS),
    ("http.html", {"status": 503}, 0.02, READS),
    ("http.latency", {"ms": 800}, 0.05, READS),
    ("http.cut", {"bytes": 700}, 0.03, READS),
    ("http.drop", {}, 0.02, READS),
    ("session.expired", {}, 0.02, READS),
    ("locator.expired", {}, 0.10, ["query_more", "bulk_result"]),
    ("query.timeout", {}, 0.02, ["query", "query_more"]),
    ("limit.concurrent", {}, 0.01, READS),
    ("page.shrink", {"rows": 200}, 0.15, ["query", "query_more"]),
    ("page.drift", {"rows": 5}, 0.05, ["query", "query_more"]),
    ("order.shuffle", {}, 0.20, ["query"]),
    ("storm.recalculate", {"rows": 300}, 0.01, ["query"]),
    ("event.gap", {}, 0.10, None),
    ("event.overflow", {"after": 1}, 0.03, None),
    ("event.disconnect", {}, 0.05, ["event"]),
    ("event.replay_invalid", {}, 0.02, ["event"]),
)


def set_faults(sandbox: Sandbox, seed: int) -> None:
    for number, (name, params, probability, kinds) in enumerate(FAULTS):
        when: dict[str, Any] = {"probability": probability, "seed": f"{seed} {number}"}
        if kinds:
            when["kind"] = kinds
        sandbox.call("POST", "/faults", {"name": name, "params": params, "when": when})


def lift_faults(sandbox: Sandbox) -> dict[str, int]:
    """End all faults and return how often each struck."""
    hits: dict[str, int] = {}
    for fault in sandbox.call("GET", "/faults"):
        hits[fault["name"]] = hits.get(fault["name"], 0) + fault["hits"]
    sandbox.call("DELETE", "/faults")
    return hits
