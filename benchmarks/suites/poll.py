"""A poll that finds 500 changes in the large object, against its own HTTP calls made by a plain client."""

import random
import time

from benchmarks.connected import Ground, Session, cluster
from benchmarks.sandbox_org import COLUMNS, Org, accounts, processor_s
from benchmarks.sheet import Sheet, seconds
from benchmarks.stage import Stage

CHANGES = 500
TIMES = 5
MOST_BEYOND_MS = 300.0
# Resources that a poll reads; what the control plane and other clients do is left out.
READ = {"query", "query_more", "versions", "deleted", "updated", "describe"}


def measure(sheet: Sheet, stage: Stage) -> None:
    """Change some records, poll, and ask for the same pages again without merging them."""
    shared = accounts(stage)
    ids = [row[0] for row in shared.rows(0, stage.rows)]
    with cluster() as made:
        ground = Ground(made, shared.org, "poll")
        took = seconds(lambda: ground.session.execute("CALL sffdw.poll('Account')"))
        sheet.add(f"first load of {stage.rows:,} rows", took, "s")
        pid = ground.session.info.backend_pid
        polls, calls, before = [], [], processor_s(pid)
        for _ in range(TIMES):
            poll_s, calls_s = one_poll(ground.session, shared.org, ids)
            polls.append(poll_s)
            calls.append(calls_s)
        sheet.add("its HTTP calls alone", min(calls), "s")
        sheet.add(f"poll of {CHANGES} changes", min(polls), "s", against="its HTTP calls alone")
        sheet.add("beyond its HTTP calls", (min(polls) - min(calls)) * 1000, "ms", at_most=MOST_BEYOND_MS)
        sheet.add("processor time of the backend, reading the answers included",
                  (processor_s(pid) - before) / TIMES * 1000, "ms")


def one_poll(session: Session, org: Org, ids: list[str]) -> tuple[float, float]:
    """Change records all over the object and poll; return how long that took, and how long its calls take alone."""
    marked = str(time.time_ns())
    changes = [{"op": "update", "object": "Account", "id": one, "values": {"Phone": marked}}
               for one in random.Random(marked).sample(ids, CHANGES)]
    org.call("POST", "/_sandbox/records", {"changes": changes})
    mark = org.call("POST", "/_sandbox/stats/mark").json()["mark"]
    poll_s = seconds(lambda: session.execute("CALL sffdw.poll('Account')"))
    found = session.execute("SELECT count(*) FROM salesforce.account WHERE phone = %s", [marked]).fetchone()
    if found != (CHANGES,):
        raise RuntimeError(f"{found} rows changed instead of {CHANGES}")
    paths = [call["path"] for call in org.call("GET", f"/_sandbox/calls?since={mark}").json()
             if call["kind"] in READ and call["method"] == "GET"]
    if not any("SystemModstamp" in path for path in paths) or len(COLUMNS) < 15:
        raise RuntimeError(f"no poll among {paths}")
    return poll_s, seconds(lambda: [org.call("GET", path) for path in paths])
