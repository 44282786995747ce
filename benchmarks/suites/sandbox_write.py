"""Rows written through Bulk API 2.0 ingest and sObject Collections, against SQLite without rules."""

import csv
import io
import sqlite3
from collections.abc import Callable
from typing import Any

from benchmarks.sandbox_org import Org, accounts
from benchmarks.sheet import Sheet, seconds
from benchmarks.stage import Stage

OBJECT = "Parcel__c"
COLUMNS = ("Name", "Key__c", "Weight__c", "Sent__c", "Is_Paid__c", "Note__c")
FIELDS = [
    {"name": "Key__c", "type": "string", "length": 40, "external_id": True, "unique": True},
    {"name": "Weight__c", "type": "double", "precision": 12, "scale": 2},
    {"name": "Sent__c", "type": "datetime"},
    {"name": "Is_Paid__c", "type": "boolean"},
    {"name": "Note__c", "type": "string", "length": 255},
]
BULK_ROWS, CALLS, CHUNK = 20_000, 25, 200
PLAIN, LEAST = "SQLite", 1000.0
Record = dict[str, Any]


def measure(sheet: Sheet, stage: Stage) -> None:
    """Insert, update, upsert and delete; each time all rows must have gone through."""
    org = accounts(stage).org
    org.call("POST", "/_sandbox/objects", {"name": OBJECT, "fields": FIELDS})
    count = min(BULK_ROWS, stage.rows)
    sheet.add(PLAIN, count / seconds(lambda: _plain(count)), "rows/s")
    _bulk(sheet, org, count)
    _collections(sheet, org)
    org.call("DELETE", f"/_sandbox/objects/{OBJECT}")


def _records(count: int, prefix: str) -> list[Record]:
    return [
        {
            "Name": f"Parcel {number}",
            "Key__c": f"{prefix}{number}",
            "Weight__c": number / 4,
            "Sent__c": "2024-01-31T10:11:12.000Z",
            "Is_Paid__c": number % 2 == 0,
            "Note__c": f'note "{number}", with a comma',
        }
        for number in range(count)
    ]


def _plain(count: int) -> None:
    """Store the same values with the same index and nothing else."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE parcel (id TEXT PRIMARY KEY, {', '.join(COLUMNS)})")
    connection.execute("CREATE UNIQUE INDEX parcel_key_idx ON parcel (Key__c)")
    rows = [(f"a00{number:015}", *record.values()) for number, record in enumerate(_records(count, "p"))]
    connection.executemany(f"INSERT INTO parcel VALUES (?{', ?' * len(COLUMNS)})", rows)
    connection.commit()
    connection.close()


def _bulk(sheet: Sheet, org: Org, count: int) -> None:
    records = _records(count, "b")
    made = _ingest(sheet, org, "insert", records)
    ids = [row["sf__Id"] for row in made]
    _ingest(sheet, org, "update", [{"Id": record_id, "Weight__c": 1} for record_id in ids])
    changes = [{"Key__c": record["Key__c"], "Note__c": "again"} for record in records]
    _ingest(sheet, org, "upsert", changes, {"externalIdFieldName": "Key__c"})
    _ingest(sheet, org, "delete", [{"Id": record_id} for record_id in ids])


def _ingest(
    sheet: Sheet, org: Org, operation: str, records: list[Record], more: Record | None = None
) -> list[dict[str, str]]:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    body = text.getvalue().encode()
    paths: list[str] = []

    def run() -> None:
        job = org.call("POST", "jobs/ingest", {"object": OBJECT, "operation": operation, **(more or {})}).json()
        paths.append(f"jobs/ingest/{job['id']}")
        org.call("PUT", f"{paths[0]}/batches", body, kind="text/csv")
        org.call("PATCH", paths[0], {"state": "UploadComplete"})
        org.complete(paths[0])

    _add(sheet, org, f"bulk {operation}", len(records), run)
    answer = org.call("GET", f"{paths[0]}/successfulResults")
    done = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    if len(done) != len(records):
        raise RuntimeError(f"bulk {operation}: {len(done)} of {len(records)} rows went through")
    return done


def _add(sheet: Sheet, org: Org, name: str, rows: int, work: Callable[[], None]) -> None:
    busy = org.busy_s()
    sheet.add(name, rows / seconds(work), "rows/s", against=PLAIN)
    sheet.add(f"{name}: in a second of processor time", rows / (org.busy_s() - busy), "rows/s", at_least=LEAST)


def _collections(sheet: Sheet, org: Org) -> None:
    kind = {"attributes": {"type": OBJECT}}
    records = [{**kind, **record} for record in _records(CALLS * CHUNK, "c")]
    ids = [result["id"] for result in _send(sheet, org, "create", "POST", "composite/sobjects", records)]
    changes = [{**kind, "id": record_id, "Weight__c": 2} for record_id in ids]
    _send(sheet, org, "update", "PATCH", "composite/sobjects", changes)
    again = [{**kind, "Key__c": record["Key__c"], "Note__c": "again"} for record in records]
    _send(sheet, org, "upsert", "PATCH", f"composite/sobjects/{OBJECT}/Key__c", again)

    def delete() -> None:
        for start in range(0, len(ids), CHUNK):
            _check(org.call("DELETE", f"composite/sobjects?ids={','.join(ids[start:start + CHUNK])}").json())

    _add(sheet, org, "collections delete", len(ids), delete)


def _send(sheet: Sheet, org: Org, name: str, method: str, path: str, records: list[Record]) -> list[Record]:
    results: list[Record] = []

    def run() -> None:
        for start in range(0, len(records), CHUNK):
            results.extend(_check(org.call(method, path, {"records": records[start : start + CHUNK]}).json()))

    _add(sheet, org, f"collections {name}", len(records), run)
    return results


def _check(results: list[Record]) -> list[Record]:
    for result in results:
        if not result["success"]:
            raise RuntimeError(f"a row was refused: {result}")
    return results
