"""Changes of local tables sent to Salesforce, against simple-salesforce in a script that writes as many records.

Ours is the time from the SQL statement to the last answer in the trigger log: capture, claims, requests, write-back.
The script has its records in memory and keeps nothing; it writes them through sObject Collections, 200 a request, one
after the other, and through its own Bulk 2.0 client as it is by default: it looks for the first time after five
seconds, and reads no results. Both are measured twice: with the sandbox as it is, whose service costs next to nothing,
and with a model of an org's: 0.1 s a call and 2 ms a record, in Bulk jobs a thousand records a second.

In the first the sandbox computes longer than the script does, and whoever writes waits for it: nobody is twice as fast.
The bound is on the second, for the way that so many changes take by default, and against the script's by the same way.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from simple_salesforce.api import Salesforce

from benchmarks.connected import Ground, Session, cluster
from benchmarks.sandbox_org import Org, processor_s, start_org
from benchmarks.sheet import Sheet, seconds
from benchmarks.stage import Stage

OBJECT = "Parcel__c"
FIELDS = [
    {"name": "Key__c", "type": "string", "length": 40, "external_id": True, "unique": True},
    {"name": "Weight__c", "type": "double", "precision": 12, "scale": 2},
    {"name": "Note__c", "type": "string", "length": 255},
]
COUNT = 10_000
A_REQUEST = 200
# Beside the requests that carry records: logins, the server's time, a job's creation and its states.
SPARE_CALLS = 5
AT_LEAST = 2.0  # times the script's records a second, where an org's time counts
WAYS = {"Collections": 10 * COUNT, "Bulk": COUNT // 2}  # with the bulk_write_threshold that leads there
DEFAULT_WAY = "Collections"
Record = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """How the org serves: faults of the sandbox, and what figures are called under it."""

    name: str
    key: str
    has_bound: bool = False
    faults: tuple[Record, ...] = ()


CONDITIONS = (
    Condition("", "a"),
    Condition(
        ", served",
        "s",
        True,
        (
            {"name": "http.latency", "params": {"ms": 100, "record_ms": 2}},
            {"name": "bulk.slow", "params": {"seconds": COUNT / 1000}},
        ),
    ),
)


def measure(sheet: Sheet, stage: Stage) -> None:
    """Insert and update, by the script's two ways and by ours; afterwards the org must hold what was written."""
    with cluster() as made:
        org = start_org("--rows", "Account=1")
        try:
            org.call("POST", "/_sandbox/objects", {"name": OBJECT, "fields": FIELDS})
            ground = Ground(made, org, "write")
            ground.session.execute(
                "SELECT sffdw.create_mapping(%s, '{Name,Key__c,Weight__c,Note__c}', access => 'read_write', "
                "unique_identifier => 'Key__c', hold_threshold => %s)",
                [OBJECT, 10 * COUNT],
            )
            ground.session.execute("CALL sffdw.poll(%s)", [OBJECT])
            for condition in CONDITIONS:
                for fault in condition.faults:
                    org.call("POST", "/_sandbox/faults", fault)
                _script(sheet, org, condition)
                for way in WAYS:
                    _ours(sheet, org, ground.session, way, condition)
        finally:
            org.stop()


# --- the script ---


def _client(org: Org) -> Salesforce:
    """simple-salesforce on the sandbox's plain http; it writes https before every host."""
    made = Salesforce(session_id=org.token(), instance_url=org.url, version="62.0")
    for name in ("base_url", "bulk_url", "bulk2_url"):
        setattr(made, name, org.url + urlsplit(getattr(made, name)).path)
    return made


def _records(prefix: str) -> list[Record]:
    return [
        {
            "Name": f"Parcel {number}",
            "Key__c": f"{prefix}{number}",
            "Weight__c": number / 4,
            "Note__c": f'note "{number}", with a comma',
        }
        for number in range(COUNT)
    ]


def _script(sheet: Sheet, org: Org, condition: Condition) -> None:
    client, name, key = _client(org), condition.name, condition.key
    bulk: Any = client.bulk2
    ids: list[str] = []
    _add(sheet, f"script, Collections, inserts{name}", lambda: ids.extend(_collected(client, "POST", _records(key))))
    changes = [{"id": record_id, "Note__c": f"again {key}"} for record_id in ids]
    _add(sheet, f"script, Collections, updates{name}", lambda: _collected(client, "PATCH", changes))
    _add(sheet, f"script, Bulk, inserts{name}", lambda: bulk.Parcel__c.insert(records=_records(f"b{key}")))
    again = [{"Id": record_id, "Note__c": f"once more {key}"} for record_id in ids]
    _add(sheet, f"script, Bulk, updates{name}", lambda: bulk.Parcel__c.update(records=again))
    _check(org, 2 * COUNT, f"once more {key}")


def _collected(client: Salesforce, method: str, records: list[Record]) -> list[str]:
    found: list[str] = []
    for first in range(0, len(records), A_REQUEST):
        body = {
            "allOrNone": False,
            "records": [{"attributes": {"type": OBJECT}, **record} for record in records[first : first + A_REQUEST]],
        }
        answers: list[Record] = client.restful("composite/sobjects", method=method, json=body) or []
        if not all(answer["success"] for answer in answers):
            raise RuntimeError(f"the script's records were refused: {answers[:3]}")
        found += [answer["id"] for answer in answers]
    return found


def _add(
    sheet: Sheet, name: str, work: Callable[[], object], *, against: str | None = None, at_least: float | None = None
) -> None:
    sheet.add(name, COUNT / seconds(work), "records/s", against=against, at_least=at_least)


# --- ours ---


def _ours(sheet: Sheet, org: Org, session: Session, way: str, condition: Condition) -> None:
    session.execute(
        "UPDATE sffdw.connection SET options = options || jsonb_build_object('bulk_write_threshold', %s::int)",
        [WAYS[way]],
    )
    key = f"{way}{condition.key}"
    for kind, statement in (
        (
            "inserts",
            "INSERT INTO salesforce.parcel__c (name, key__c, weight__c, note__c) SELECT 'Parcel ' || n, "
            f"'{key}' || n, n / 4.0, 'note \"' || n || '\", with a comma' FROM generate_series(1, {COUNT}) n",
        ),
        ("updates", f"UPDATE salesforce.parcel__c SET note__c = '{key} again' WHERE key__c ~ '^{key}[0-9]'"),
    ):
        mark = org.call("POST", "/_sandbox/stats/mark").json()["mark"]
        name, script = (f"{who}, {way}, {kind}{condition.name}" for who in ("sffdw", "script"))
        before = processor_s(session.info.backend_pid)
        bound = AT_LEAST * sheet.value(script) if condition.has_bound and way == DEFAULT_WAY else None
        _add(sheet, name, partial(_sent, session, statement), against=script, at_least=bound)
        if way == DEFAULT_WAY:
            sheet.add(f"{name}, and its Bulk", sheet.value(name), "records/s", against=script.replace(way, "Bulk"))
        spent_s = processor_s(session.info.backend_pid) - before
        sheet.add(f"{name}: processor time here", 1000 * spent_s / COUNT, "ms/record")
        total = org.call("GET", f"/_sandbox/stats?since={mark}").json()["calls"]["total"]
        sheet.add(f"{name}: API calls", total, "calls", at_most=math.ceil(COUNT / A_REQUEST) + SPARE_CALLS)
        unsent = session.execute("SELECT count(*) FROM salesforce._trigger_log WHERE state <> 'SUCCESS'").fetchone()
        if unsent != (0,):
            raise RuntimeError(f"{unsent} changes were not accepted")
    _check(org, COUNT, f"{key} again")


def _sent(session: Session, statement: str) -> None:
    session.execute(statement)
    session.execute("CALL sffdw.write()")


def _check(org: Org, least: int, note: str) -> None:
    """Raises RuntimeError when the org does not hold the records, or not what was written last."""
    lines = org.call("GET", f"/_sandbox/records/{OBJECT}?fields=Note__c").body.splitlines()
    noted = sum(note.encode() in line for line in lines)
    if len(lines) < least or noted != COUNT:
        raise RuntimeError(f"{len(lines)} records, {noted} with the last note")
