"""Bulk API 2.0 ingest: /jobs/ingest, its upload and its results."""

from __future__ import annotations

import json
from email.message import Message
from email.parser import BytesParser
from typing import Any

from sffdw.sandbox.bulk import infos, uploads
from sffdw.sandbox.bulk.csvtext import DELIMITERS, LINE_ENDINGS
from sffdw.sandbox.bulk.ingestion import Ingestion, check_hard_delete, upsert_key
from sffdw.sandbox.bulk.jobs import TERMINAL, Job2, chosen
from sffdw.sandbox.bulk.keeping import content_part, result_parts
from sffdw.sandbox.bulk.runs import Run
from sffdw.sandbox.bulk.unsupported import check_supported
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError, malformed_json
from sffdw.sandbox.schema import SObject

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MAX_UPLOAD_BASE64 = 150 * 1000 * 1000
MAX_MULTIPART_CHARACTERS = 100_000
_PROPERTIES = {
    *("object", "operation", "externalIdFieldName", "contentType", "columnDelimiter", "lineEnding"),
    *("assignmentRuleId", "concurrencyMode"),
}
_RESULTS = {
    "successfulresults": uploads.SUCCESSFUL,
    "failedresults": uploads.FAILED,
    "unprocessedrecords": uploads.UNPROCESSED,
}


def object_of(call: Call, job_id: str = "", *rest: str) -> str | None:
    """Return the object a call about an ingest job concerns, for the journal and for faults."""
    if job_id:
        job = call.org.bulk.get(job_id)
        return job.object if job else None
    if call.method != "POST" or call.headers.get("content-type", "").startswith("multipart/"):
        return None
    try:
        stated = call.json_object().get("object")
    except ApiError:
        return None
    found = call.org.schema.get(stated) if isinstance(stated, str) else None
    return found.name if found else None


# Creating


def create(call: Call) -> Reply:
    """POST /jobs/ingest, with or without the data in the same request."""
    if call.headers.get("content-type", "").startswith("multipart/"):
        given, content = _read_multipart(call)
        job = _new_job(call, infos.check_properties(given, _PROPERTIES))
        job.content = content
        call.org.bulk.add(job)
        call.org.bulk.keep(job, content_part(content))
        _submit(call, job)
        return Reply(body=infos.basic_info(job) | {"state": "UploadComplete"} | infos.separators_info(job))
    job = _new_job(call, infos.read_json(call, _PROPERTIES))
    call.org.bulk.add(job)
    return Reply(body=_info_with_url(job))


def _info_with_url(job: Job2) -> dict[str, Any]:
    url = {"contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"} if job.state == "Open" else {}
    return infos.basic_info(job) | url | infos.separators_info(job)


def _new_job(call: Call, given: dict[str, Any]) -> Job2:
    jobs, now = call.org.bulk, call.org.clock.timestamp()
    sobject = _object(call, given.get("object"))
    operation = chosen(given, "operation", OPERATIONS, "")
    chosen(given, "contentType", ("CSV",), "CSV")
    key = upsert_key(call, sobject, given.get("externalIdFieldName")).name if operation == "upsert" else None
    if operation == "hardDelete":
        check_hard_delete(call)
    if call.fault("limit.bulk"):
        raise ApiError("EXCEEDEDQUOTA", "ExceededQuota : ApiBatchItems Limit exceeded.")
    job = Job2(
        jobs.new_id("750"),
        operation,
        sobject.name,
        call.user_id,
        call.version,
        now,
        now,
        external_id_field=key,
        delimiter=chosen(given, "columnDelimiter", DELIMITERS, "COMMA"),
        ending=chosen(given, "lineEnding", LINE_ENDINGS, "LF"),
    )
    job.strike(call)
    return job


def _object(call: Call, name: object) -> SObject:
    sobject = call.org.schema.get(name) if isinstance(name, str) else None
    if sobject is None or not call.access.can_see(sobject):
        raise ApiError("INVALIDENTITY", f"InvalidEntity : Entity '{name}' is not supported by the Bulk API.")
    check_supported(sobject)
    return sobject


def _read_multipart(call: Call) -> tuple[dict[str, Any], bytes]:
    """Return the parts `job` (JSON) and `content` (CSV)."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + call.body)
    parts: dict[str, bytes] = {}
    for part in message.get_payload() if message.is_multipart() else ():
        if isinstance(part, Message):
            name, payload = part.get_param("name", "", header="content-disposition"), part.get_payload(decode=True)
            parts[str(name)] = payload if isinstance(payload, bytes) else b""
    if set(parts) != {"job", "content"}:
        raise malformed_json("A multipart request needs the parts job and content at [line:1, column:1]")
    if len(parts["content"].decode("utf-8", "replace")) > MAX_MULTIPART_CHARACTERS:
        raise ApiError("CLIENTINPUTERROR", f"The content part is limited to {MAX_MULTIPART_CHARACTERS} characters")
    try:
        given = json.loads(parts["job"])
    except ValueError as error:
        raise malformed_json(f"The part job is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise malformed_json("The part job must be an object at [line:1, column:1]")
    return given, parts["content"]


# Uploading and closing


def upload(call: Call, job_id: str) -> Reply:
    """PUT /jobs/ingest/ID/batches: the data, once."""
    job = infos.find_job(call, job_id, is_query=False)
    if job.state != "Open":
        raise infos.invalid_state(f"InvalidJobState : Uploading data to a job in state {job.state} is not allowed")
    if not call.headers.get("content-type", "").lower().startswith("text/csv"):
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv", status=415)
    if job.content is not None:
        message = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then "
            "create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise ApiError("CLIENTINPUTERROR", message)
    if len(call.body) * 4 // 3 > MAX_UPLOAD_BASE64:
        raise ApiError("CLIENTINPUTERROR", "The job's data exceeds 150 MB after base64 encoding", status=413)
    job.content = call.body
    job.changed_at = call.org.clock.timestamp()
    call.org.bulk.keep(job, content_part(job.content))
    return Reply(201)


def change(call: Call, job_id: str) -> Reply:
    """PATCH /jobs/ingest/ID {"state": "UploadComplete" | "Aborted"}."""
    job = infos.find_job(call, job_id, is_query=False)
    state = infos.read_json(call, {"state"}).get("state")
    if state == "Aborted":
        infos.abort(call, job)
    elif state == "UploadComplete":
        if job.state != "Open":
            raise infos.invalid_state(f"InvalidJobState : Closing a job in state {job.state} is not allowed")
        _submit(call, job)
        return Reply(body=infos.basic_info(job) | {"state": "UploadComplete"})
    else:
        raise ApiError("INVALIDJOB", f"InvalidJob : state '{state}' cannot be set; use UploadComplete or Aborted")
    return Reply(body=infos.basic_info(job))


def _submit(call: Call, job: Job2) -> None:
    """Hand the upload over to be processed."""
    org = call.org
    sobject = _object(call, job.object)
    key = upsert_key(call, sobject, job.external_id_field) if job.external_id_field else None
    job.run = Run(org.clock.timestamp())
    loading = uploads.Loading(org.bulk, job, Ingestion(call, job, sobject, key))
    org.bulk.keep(job)
    org.bulk.start(job, job.run, loading.work, lambda: content_part(None) | result_parts(job.results))


# Looking, deleting


def show(call: Call, job_id: str) -> Reply:
    """GET /jobs/ingest/ID."""
    job = infos.find_job(call, job_id, is_query=False)
    run = job.run or Run(job.created_at)
    info = _info_with_url(job) | {"jobType": job.job_type}
    if job.state == "Failed":
        info["errorMessage"] = run.error
    counts = {
        "numberRecordsProcessed": infos.shown_count(call, run.processed),
        "numberRecordsFailed": run.failed,
        "retries": run.retries,
        "totalProcessingTime": run.spent_ms,
        "apiActiveProcessingTime": run.spent_ms,
        "apexProcessingTime": 0,
    }
    return Reply(body=info | counts)


def delete(call: Call, job_id: str) -> Reply:
    """DELETE /jobs/ingest/ID."""
    job = infos.find_job(call, job_id, is_query=False)
    if job.state not in TERMINAL:
        raise infos.invalid_state(f"InvalidJobState : Deleting a job in state {job.state} is not allowed")
    call.org.bulk.remove(job)
    return Reply(204)


def list_all(call: Call) -> Reply:
    """GET /jobs/ingest."""
    return infos.list_jobs(call, "ingest")


def results(call: Call, job_id: str, kind: str) -> Reply:
    """GET /jobs/ingest/ID/successfulResults, failedResults and unprocessedrecords."""
    job = infos.find_job(call, job_id, is_query=False)
    infos.check_version(call, job)
    if job.state not in TERMINAL:
        raise infos.invalid_state(f"InvalidJobState : Results are not available: the job's state is {job.state}")
    result = uploads.result_of(job, _RESULTS[kind.lower()])
    if result is None:
        return Reply(text="", content_type=infos.CSV_TYPE)
    return infos.csv_reply(call, result, 0, len(result), {})
