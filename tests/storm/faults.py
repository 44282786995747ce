"""What goes wrong between the org and the database: faults of the sandbox, each struck by dice of its own seed."""

from typing import Any

from tools.sandbox import Sandbox

WRITES = ["collections", "composite", "graph", "batch", "create", "update", "upsert", "delete", "bulk_upload"]
LATE_S = (2, 8, 20, 30)
READS = ["query", "query_more", "deleted", "bulk_job", "bulk_result"]
# The chance of each call it may strike; the hits of two faults on one call are two faults.
Faults = tuple[tuple[str, dict[str, Any], float, list[str] | None], ...]
INBOUND: Faults = (
    ("http.status", {"status": 503}, 0.03, [*READS, "describe", "token"]),
    ("http.status", {"status": 500}, 0.02, READS),
    ("http.status", {"status": 502, "after": True}, 0.02, READS),
    ("http.html", {"status": 503}, 0.02, READS),
    ("http.latency", {"ms": 800}, 0.05, READS),
    ("http.cut", {"bytes": 700}, 0.03, READS),
    ("http.drop", {}, 0.02, READS),
    ("session.expired", {}, 0.02, READS),
    ("locator.expired", {}, 0.10, ["query_more", "bulk_result"]),
    ("bulk.failed", {}, 0.05, ["bulk_job"]),
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


# Rows and texts as a real org says them; what an org refuses for good becomes FAILED. A thousand changes are few calls:
# every other call meets something.
OUTBOUND: Faults = (
    ("reply.lost", {}, 0.04, WRITES),
    *(("reply.lost", {"commit_after_s": seconds}, 0.07, WRITES) for seconds in LATE_S),
    ("http.drop", {}, 0.03, WRITES),
    ("http.cut", {"bytes": 300}, 0.03, WRITES),
    ("http.status", {"status": 503}, 0.03, WRITES),
    ("http.status", {"status": 502, "after": True}, 0.03, WRITES),
    ("http.latency", {"ms": 500}, 0.05, WRITES),
    ("limit.concurrent", {}, 0.02, WRITES),
    ("session.expired", {}, 0.03, [*WRITES, "query"]),
    ("row.locked", {"every": 4}, 0.12, WRITES),
    ("dml.error", {"every": 7, "message": "not now"}, 0.08, WRITES),
    ("duplicate.rule", {"every": 9}, 0.06, WRITES),
    ("http.status", {"status": 500}, 0.02, ["query", "query_more"]),
    ("http.drop", {}, 0.02, ["query", "query_more"]),
    ("page.drift", {"rows": 3}, 0.02, ["query"]),
)


def late_name(seconds: float) -> str:
    """What lost replies are counted as whose work commits so much later."""
    return f"reply.lost, committed {seconds} s later"


def set_faults(sandbox: Sandbox, seed: int, faults: Faults) -> None:
    for number, (name, params, probability, kinds) in enumerate(faults):
        when: dict[str, Any] = {"probability": probability, "seed": f"{seed} {number}"}
        if kinds:
            when["kind"] = kinds
        sandbox.call("POST", "/faults", {"name": name, "params": params, "when": when})


def read_hits(sandbox: Sandbox) -> dict[str, int]:
    """How often each fault has struck."""
    hits: dict[str, int] = {}
    for fault in sandbox.call("GET", "/faults"):
        late = fault["params"].get("commit_after_s")
        name = late_name(late) if late else fault["name"]
        hits[name] = hits.get(name, 0) + fault["hits"]
    return hits


def count_late(hits: dict[str, int]) -> int:
    """Of these hits the lost replies whose work has committed later."""
    return sum(count for name, count in hits.items() if name in [late_name(seconds) for seconds in LATE_S])


def lift_faults(sandbox: Sandbox) -> dict[str, int]:
    """End all faults and return how often each struck."""
    hits = read_hits(sandbox)
    sandbox.call("DELETE", "/faults")
    return hits
