"""Infos of Bulk API 1.0 in XML and JSON, and reading either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sffdw.sandbox.bulk.classic.model import Batch, Job1, total
from sffdw.sandbox.bulk.jobs import text_of
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XML_TYPE, JSON_TYPE, CSV_TYPE = "application/xml", "application/json", "text/csv"
_MOMENTS = frozenset({"createdDate", "systemModstamp"})
Info = dict[str, Any]


def wants_json(call: Call, job: Job1 | None = None) -> bool:
    """Tell whether an answer about a job is JSON: as the request is, else as the job's data are."""
    stated = call.headers.get("content-type", "")
    if call.body and "xml" in stated:
        return False
    if "json" in stated or "json" in call.headers.get("accept", ""):
        return True
    return job is not None and job.content_type == "JSON"


def xml_time(moment: float) -> str:
    """Return a moment as XML shows it."""
    return text_of(moment).replace("+0000", "Z")


def job_info(job: Job1) -> Info:
    """Return a job's elements in the order of XML; times are moments."""
    info: Info = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.created_at,
        "systemModstamp": job.touched_at,
        "state": job.state,
        "externalIdFieldName": job.external_id_field,
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
    }
    return info | _counters(job)


def _counters(job: Job1) -> Info:
    spent = total(job.batches, "spent_ms")
    return {
        "numberBatchesQueued": job.count("Queued"),
        "numberBatchesInProgress": job.count("InProgress"),
        "numberBatchesCompleted": job.count("Completed"),
        "numberBatchesFailed": job.count("Failed"),
        "numberBatchesTotal": len(job.batches),
        "numberRecordsProcessed": total(job.batches, "processed"),
        "numberRetries": total(job.batches, "retries"),
        "apiVersion": float(job.version),
        "numberRecordsFailed": total(job.batches, "failed"),
        "totalProcessingTime": spent,
        "apiActiveProcessingTime": spent,
        "apexProcessingTime": 0,
    }


def batch_info(job: Job1, batch: Batch) -> Info:
    """Return a batch's elements in the order of XML."""
    run = batch.run
    return {
        "id": batch.id,
        "jobId": job.id,
        "state": batch.state,
        "stateMessage": run.error,
        "createdDate": batch.created_at,
        "systemModstamp": batch.touched_at,
        "numberRecordsProcessed": run.processed,
        "numberRecordsFailed": run.failed,
        "totalProcessingTime": run.spent_ms,
        "apiActiveProcessingTime": run.spent_ms,
        "apexProcessingTime": 0,
    }


# Writing


def info_reply(call: Call, name: str, info: Info, *, job: Job1 | None, status: int = 200) -> Reply:
    """Return an info as the caller wants it: JSON by name, XML in document order without what is not set."""
    if wants_json(call, job):
        return Reply(status, _as_json(info), content_type=JSON_TYPE)
    return Reply(status, text=f"{XML_HEAD}{_element(name, info)}", content_type=XML_TYPE)


def list_reply(call: Call, infos: Iterable[Info], *, job: Job1) -> Reply:
    """Return the infos of a job's batches."""
    if wants_json(call, job):
        return Reply(body={"batchInfo": [_as_json(info) for info in infos]}, content_type=JSON_TYPE)
    inner = "".join(_element("batchInfo", info, namespace=False, indent=" ") for info in infos)
    text = f'{XML_HEAD}<batchInfoList\n   xmlns="{NAMESPACE}">\n{inner}</batchInfoList>'
    return Reply(text=text, content_type=XML_TYPE)


def _as_json(info: Info) -> Info:
    shown = {name: text_of(value) if name in _MOMENTS else value for name, value in info.items()}
    return dict(sorted(shown.items()))


def _element(name: str, info: Info, *, namespace: bool = True, indent: str = "") -> str:
    head = f'<{name}\n   xmlns="{NAMESPACE}">' if namespace else f"{indent}<{name}>"
    lines = [
        f"{indent} <{key}>{escape(xml_time(value) if key in _MOMENTS else str(value))}</{key}>\n"
        for key, value in info.items()
        if value is not None
    ]
    return f"{head}\n{''.join(lines)}{indent}</{name}>" + ("" if namespace else "\n")


# Reading


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def read_xml(content: bytes) -> ElementTree.Element:
    """Parse a document; raises InvalidJob or InvalidBatch's cause as ValueError."""
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"Unable to parse XML: {error}") from None


def read_job(call: Call) -> Mapping[str, Any]:
    """Return the elements of a jobInfo that was sent."""
    if "json" in call.headers.get("content-type", ""):
        try:
            given = json.loads(call.body)
        except ValueError as error:
            raise ApiError("InvalidJob", f"Unable to parse Job: {error}") from None
        if not isinstance(given, dict):
            raise ApiError("InvalidJob", "Unable to parse Job")
        return given
    try:
        root = read_xml(call.body)
    except ValueError as error:
        raise ApiError("InvalidJob", f"Unable to parse Job: {error}") from None
    return {local_name(child): (child.text or "").strip() for child in root}
