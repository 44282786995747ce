"""The limits resources."""

from __future__ import annotations

from sffdw.sandbox.call import Call, Reply


def limits(call: Call) -> Reply:
    """GET /limits."""
    return Reply(body=call.org.limits.shown())


def record_count(call: Call) -> Reply:
    """GET /limits/recordCount?sObjects=A,B: approximate counts; objects without records have none."""
    names = call.query.get("sObjects") or call.query.get("sobjects")
    wanted = [name.strip() for name in names.split(",")] if names else [sobject.name for sobject in call.org.schema]
    wrong, missing = call.fault("count.wrong"), call.fault("count.missing")
    counted = []
    for name in wanted:
        sobject = call.org.schema.get(name)
        count = call.org.store.count(sobject) if sobject is not None else 0
        if sobject is None or missing or (count == 0 and name not in call.org.ever_counted):
            continue
        call.org.ever_counted.add(sobject.name)
        factor = float(wrong.params.get("factor", 1.1)) if wrong else 1.0
        counted.append({"count": int(count * factor), "name": sobject.name})
    call.rows = len(counted)
    return Reply(body={"sObjects": counted})
