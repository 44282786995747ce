"""What a batch of records holds, in CSV, JSON or XML, and its outcomes in the same form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sffdw.sandbox.access import Access
from sffdw.sandbox.bulk.classic.documents import (
    CSV_TYPE,
    JSON_TYPE,
    NAMESPACE,
    XML_HEAD,
    XML_TYPE,
    local_name,
    read_xml,
)
from sffdw.sandbox.bulk.classic.model import Batch, Job1
from sffdw.sandbox.bulk.csvtext import write_row
from sffdw.sandbox.bulk.headers import read_header, record_of
from sffdw.sandbox.bulk.ingestion import Outcome, Record
from sffdw.sandbox.bulk.jobs import BATCH_ROWS
from sffdw.sandbox.bulk.runs import RunFailed
from sffdw.sandbox.bulk.uploads import read_upload
from sffdw.sandbox.call import Reply
from sffdw.sandbox.schema import Schema, SObject

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read_records(job: Job1, content: bytes, schema: Schema, sobject: SObject, access: Access) -> list[Record]:
    """Return the records of a batch; raises RunFailed for what cannot be read."""
    if job.content_type == "CSV":
        records = _from_csv(content, schema, sobject, access)
    elif job.content_type == "JSON":
        records = _from_json(content)
    else:
        records = _from_xml(content)
    if len(records) > BATCH_ROWS:
        raise RunFailed(f"InvalidBatch : Maximum records per batch exceeded: {BATCH_ROWS}")
    return records


def _from_csv(content: bytes, schema: Schema, sobject: SObject, access: Access) -> list[Record]:
    """Bulk API 1.0 takes either line ending."""
    first, _, _ = content.partition(b"\n")
    upload = read_upload(content, "COMMA", "CRLF" if first.endswith(b"\r") else "LF")
    targets = read_header(upload.names, schema, sobject, access)
    return [record_of(targets, row) for row in upload.rows]


def _from_json(content: bytes) -> list[Record]:
    try:
        given = json.loads(content)
    except ValueError as error:
        raise RunFailed(f"InvalidBatch : Unable to parse JSON: {error}") from None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise RunFailed("InvalidBatch : The batch must be an array of objects")
    return [{("Id" if name.lower() == "id" else name): value for name, value in item.items()} for item in given]


def _from_xml(content: bytes) -> list[Record]:
    try:
        root = read_xml(content)
    except ValueError as error:
        raise RunFailed(f"InvalidBatch : {error}") from None
    return [_record(item) for item in root if local_name(item) == "sObject"]


def _record(item: ElementTree.Element) -> Record:
    record: Record = {}
    for child in item:
        name = local_name(child)
        if name == "type":
            continue
        inner = next((part for part in child if local_name(part) == "sObject"), None)
        if inner is not None:
            record[name] = _record(inner)
        else:
            is_nil = child.get(_NIL) in {"true", "1"}
            record["Id" if name.lower() == "id" else name] = None if is_nil else child.text or ""
    return record


# Outcomes


def outcomes_reply(job: Job1, batch: Batch) -> Reply:
    """Return what became of a batch's records, in their order."""
    if job.content_type == "CSV":
        rows = [write_row(["Id", "Success", "Created", "Error"], ",", "\n"), *map(_csv_row, batch.outcomes)]
        return Reply(raw=b"".join(rows), content_type=CSV_TYPE)
    if job.content_type == "JSON":
        return Reply(body=[_json_item(outcome) for outcome in batch.outcomes], content_type=JSON_TYPE)
    inner = "".join(f" <result>{_xml_parts(outcome)}</result>\n" for outcome in batch.outcomes)
    text = f'{XML_HEAD}<results\n   xmlns="{NAMESPACE}">\n{inner}</results>'
    return Reply(text=text, content_type=XML_TYPE)


def _flags(outcome: Outcome) -> Sequence[str]:
    return ("false" if outcome.error else "true", "true" if outcome.is_created else "false")


def _csv_row(outcome: Outcome) -> bytes:
    record_id = "" if outcome.error else outcome.record_id
    return write_row([record_id, *_flags(outcome), outcome.error or ""], ",", "\n")


def _json_item(outcome: Outcome) -> dict[str, Any]:
    errors = [] if outcome.refusal is None else [outcome.refusal.row_error()]
    good = outcome.error is None
    return {"success": good, "created": outcome.is_created, "id": outcome.record_id if good else None, "errors": errors}


def _xml_parts(outcome: Outcome) -> str:
    success, created = _flags(outcome)
    flags = f"<success>{success}</success><created>{created}</created>"
    if outcome.refusal is None:
        return f"<id>{outcome.record_id}</id>{flags}"
    error = outcome.refusal
    fields = "".join(f"<fields>{escape(name)}</fields>" for name in error.fields or ())
    message = f"<message>{escape(error.message)}</message><statusCode>{error.code}</statusCode>"
    return f"<errors>{fields}{message}</errors>{flags}"
