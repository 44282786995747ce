"""The batch resources of Bulk API 1.0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sffdw.sandbox.bulk.classic.chunking import chunk_statements
from sffdw.sandbox.bulk.classic.contents import outcomes_reply, read_records
from sffdw.sandbox.bulk.classic.documents import (
    CSV_TYPE,
    JSON_TYPE,
    NAMESPACE,
    XML_HEAD,
    XML_TYPE,
    batch_info,
    info_reply,
    list_reply,
    wants_json,
)
from sffdw.sandbox.bulk.classic.jobs import find_batch, find_job, job_object
from sffdw.sandbox.bulk.classic.model import Batch, Job1
from sffdw.sandbox.bulk.classic.queries import run_query
from sffdw.sandbox.bulk.extraction import open_snapshot
from sffdw.sandbox.bulk.ingestion import Ingestion, upsert_key
from sffdw.sandbox.bulk.keeping import batch_parts, content_part
from sffdw.sandbox.bulk.runs import Run, RunFailed
from sffdw.sandbox.bulk.selection import BulkQuery, compile_bulk
from sffdw.sandbox.call import Call, Reply, Stream
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.query import settings_of

MAX_BATCH_BYTES = 10_000_000
_TYPES = {"CSV": CSV_TYPE, "JSON": JSON_TYPE, "XML": XML_TYPE}


def create(call: Call, version: str, job_id: str) -> Reply:
    """POST /job/ID/batch: records, or the statement of a query."""
    job = find_job(call, version, job_id)
    if job.state != "Open":
        raise ApiError("InvalidJobState", f"Unable to create batch: job is {job.state}")
    if len(call.body) > MAX_BATCH_BYTES:
        raise ApiError("InvalidBatch", "Maximum batch size exceeded: 10 MB")
    if call.fault("limit.bulk") or not call.org.limits.spend("DailyBulkApiBatches"):
        raise ApiError("ExceededQuota", "ApiBatchItems Limit exceeded.")
    batch = _add(call, job, call.body)
    _start(call, job, batch, partial(_read if job.is_query else _load, call, job, batch))
    info = batch_info(job, batch) | {"state": "Queued"}
    return info_reply(call, "batchInfo", info, job=job, status=201)


def _add(call: Call, job: Job1, content: bytes) -> Batch:
    jobs, now = call.org.bulk, call.org.clock.timestamp()
    content_type = call.headers.get("content-type", _TYPES[job.content_type])
    batch = Batch(jobs.new_id("751"), now, Run(now), content, content_type)
    job.batches.append(batch)
    jobs.keep(job, content_part(content, f" {batch.id}"))
    return batch


def _start(call: Call, job: Job1, batch: Batch, work: Callable[[Run], None]) -> None:
    call.org.bulk.start(job, batch.run, work, lambda: batch_parts(batch))


# Work


def _load(call: Call, job: Job1, batch: Batch, run: Run) -> None:
    """Apply the records of a batch."""
    jobs, org = call.org.bulk, call.org
    sobject = job_object(call, job.object)
    records = read_records(job, batch.content, org.schema, sobject, call.access)
    key = upsert_key(call, sobject, job.external_id_field) if job.external_id_field else None
    began = org.clock.timestamp()
    for outcomes in Ingestion(call, job, sobject, key).apply(records, run):
        batch.outcomes += outcomes
        if jobs.pace.ingest_rate:
            jobs.runner.wait_until(run, began + run.processed / jobs.pace.ingest_rate)


def _read(call: Call, job: Job1, batch: Batch, run: Run) -> None:
    """Answer the statement of a batch, or split it into batches of its own."""
    statement = batch.content.decode("utf-8", "replace").strip()
    try:
        if job.chunking is None:
            _answer(call, job, batch, run, statement)
        else:
            _compile(call, job, statement)
            _split(call, job, batch, statement)
    except ApiError as error:
        raise RunFailed(f"InvalidBatch : Failed to process query: {error.code}: {error.message}") from None


def _compile(call: Call, job: Job1, statement: str) -> BulkQuery:
    settings = settings_of(call, includes_deleted=job.operation == "queryAll")
    query = compile_bulk(statement, call.org.schema, settings, allows_typeof=job.content_type == "JSON")
    if query.plan.sobject.name != job.object:
        raise ApiError("InvalidBatch", f"The query is about {query.plan.sobject.name}, the job about {job.object}")
    return query


def _answer(call: Call, job: Job1, batch: Batch, run: Run, statement: str) -> None:
    jobs, org = call.org.bulk, call.org
    query, began = _compile(call, job, statement), org.clock.timestamp()
    result = run_query(query, open_snapshot(org.store), job.content_type, run, org.schema, job.version)
    if jobs.pace.query_rate:
        jobs.runner.wait_until(run, began + run.processed / jobs.pace.query_rate)
    batch.results[jobs.new_id("752")[:15]] = result


def _split(call: Call, job: Job1, batch: Batch, statement: str) -> None:
    """Make a batch of each chunk; the original one is not processed."""
    assert job.chunking is not None
    batch.is_replaced = True
    for text in chunk_statements(job.chunking, statement, call.org.schema, call.org.store):
        child = _add(call, job, text.encode())
        _start(call, job, child, partial(_read_chunk, call, job, child))


def _read_chunk(call: Call, job: Job1, batch: Batch, run: Run) -> None:
    _read(call, replace(job, chunking=None), batch, run)


# Looking


def list_all(call: Call, version: str, job_id: str) -> Reply:
    """GET /job/ID/batch."""
    job = find_job(call, version, job_id)
    return list_reply(call, [batch_info(job, batch) for batch in job.batches], job=job)


def show(call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    """GET /job/ID/batch/ID."""
    job = find_job(call, version, job_id)
    return info_reply(call, "batchInfo", batch_info(job, find_batch(job, batch_id)), job=job)


def request(call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    """GET /job/ID/batch/ID/request: what was sent."""
    batch = find_batch(find_job(call, version, job_id), batch_id)
    return Reply(raw=batch.content, content_type=batch.content_type)


def results(call: Call, version: str, job_id: str, batch_id: str) -> Reply:
    """GET /job/ID/batch/ID/result: outcomes, or the ids of a query's results."""
    job = find_job(call, version, job_id)
    batch = find_batch(job, batch_id)
    if batch.state != "Completed":
        raise ApiError("InvalidBatch", f"Batch not completed: its state is {batch.state}")
    if not job.is_query:
        return outcomes_reply(job, batch)
    if wants_json(call, job):
        return Reply(body=list(batch.results), content_type=JSON_TYPE)
    inner = "".join(f"<result>{result_id}</result>" for result_id in batch.results)
    text = f'{XML_HEAD}<result-list xmlns="{NAMESPACE}">{inner}</result-list>'
    return Reply(text=text, content_type=XML_TYPE)


def result(call: Call, version: str, job_id: str, batch_id: str, result_id: str) -> Reply:
    """GET /job/ID/batch/ID/result/ID: one result of a query."""
    job = find_job(call, version, job_id)
    batch = find_batch(job, batch_id)
    found = batch.results.get(result_id[:15])
    if found is None:
        raise ApiError("InvalidBatch", f"Unable to find result: {result_id}")
    call.rows = batch.run.processed
    stream = Stream(lambda: found.page(0, len(found)), found.page_bytes(0, len(found)))
    return Reply(stream=stream, content_type=_TYPES[job.content_type])
