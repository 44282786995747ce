"""The job resources of Bulk API 1.0."""

from __future__ import annotations

from sffdw.sandbox.bulk.classic.chunking import Chunking
from sffdw.sandbox.bulk.classic.documents import info_reply, job_info, read_job
from sffdw.sandbox.bulk.classic.model import Batch, Job1
from sffdw.sandbox.bulk.ingestion import check_hard_delete, upsert_key
from sffdw.sandbox.bulk.jobs import chosen
from sffdw.sandbox.bulk.unsupported import check_supported
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.describe import check_version
from sffdw.sandbox.schema import SObject

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
CONTENT_TYPES = ("CSV", "XML", "JSON")
CONCURRENCY = ("Parallel", "Serial")


def object_of(call: Call, version: str, job_id: str = "", *rest: str) -> str | None:
    """Return the object a call concerns, for the journal and for faults."""
    if job_id:
        job = call.org.bulk.get(job_id)
        return job.object if job else None
    try:
        stated = read_job(call).get("object")
    except ApiError:
        return None
    found = call.org.schema.get(stated) if isinstance(stated, str) else None
    return found.name if found else None


def find_job(call: Call, version: str, job_id: str) -> Job1:
    """Return a job when there is nothing that its batches could do right now."""
    call.version = check_version(version)
    jobs = call.org.bulk
    try:
        job = jobs.find(job_id, lambda found: isinstance(found, Job1))
    except ApiError:
        raise ApiError("InvalidJob", f"Unable to find job: {job_id}") from None
    assert isinstance(job, Job1)
    if job.version != call.version:
        raise ApiError("InvalidVersion", f"Job {job.id} was created with API version {job.version}")
    for batch in job.batches:
        jobs.runner.look(batch.run)
    job.strike(call)
    return job


def find_batch(job: Job1, batch_id: str) -> Batch:
    """Return a batch of a job."""
    found = next((batch for batch in job.batches if batch_id in {batch.id, batch.id[:15]}), None)
    if found is None:
        raise ApiError("InvalidBatch", f"Unable to find batch: {batch_id}")
    return found


def create(call: Call, version: str) -> Reply:
    """POST /job."""
    call.version = check_version(version)
    given, jobs, now = dict(read_job(call)), call.org.bulk, call.org.clock.timestamp()
    sobject = job_object(call, given.get("object"))
    operation = chosen(given, "operation", OPERATIONS, "")
    key = upsert_key(call, sobject, given.get("externalIdFieldName")).name if operation == "upsert" else None
    if operation == "hardDelete":
        check_hard_delete(call)
    job = Job1(
        jobs.new_id("750"),
        operation,
        sobject.name,
        call.user_id,
        call.version,
        now,
        now,
        concurrency=chosen(given, "concurrencyMode", CONCURRENCY, "Parallel"),
        content_type=chosen(given, "contentType", CONTENT_TYPES, "XML"),
        external_id_field=key,
        chunking=Chunking.from_header(call.headers.get("sforce-enable-pkchunking")),
    )
    job.strike(call)
    jobs.add(job)
    call.object = job.object
    return info_reply(call, "jobInfo", job_info(job), job=None, status=201)


def job_object(call: Call, name: object) -> SObject:
    """Return the object of a job; raises InvalidEntity."""
    sobject = call.org.schema.get(name) if isinstance(name, str) else None
    if sobject is None or not call.access.can_see(sobject):
        raise ApiError("InvalidEntity", f"Entity '{name}' is not supported by the Bulk API.")
    check_supported(sobject)
    return sobject


def show(call: Call, version: str, job_id: str) -> Reply:
    """GET /job/ID."""
    job = find_job(call, version, job_id)
    return info_reply(call, "jobInfo", job_info(job), job=job)


def change(call: Call, version: str, job_id: str) -> Reply:
    """POST /job/ID with the state Closed or Aborted."""
    job = find_job(call, version, job_id)
    state = chosen(dict(read_job(call)), "state", ("Closed", "Aborted"), "")
    if job.state == "Aborted" or (state == "Aborted" and job.is_over):
        raise ApiError("InvalidJobState", f"Job is already {job.state}")
    job.set_state = state
    job.changed_at = call.org.clock.timestamp()
    if state == "Aborted":
        for batch in job.batches:
            if not batch.run.is_over:
                call.org.bulk.runner.abort(batch.run)
    call.org.bulk.keep(job)
    return info_reply(call, "jobInfo", job_info(job), job=job)
