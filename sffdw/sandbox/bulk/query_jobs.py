"""Bulk API 2.0 query: /jobs/query and its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sffdw.sandbox.bulk import infos
from sffdw.sandbox.bulk.csvtext import DELIMITERS, LINE_ENDINGS
from sffdw.sandbox.bulk.extraction import Layout, extract, open_snapshot
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.jobs import TERMINAL, Job2, chosen
from sffdw.sandbox.bulk.keeping import result_parts
from sffdw.sandbox.bulk.runs import Run, RunFailed
from sffdw.sandbox.bulk.selection import BulkQuery, compile_bulk
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.query import check_formulas, settings_of
from sffdw.sandbox.soql.again import settings_again
from sffdw.sandbox.soql.messages import SoqlError
from sffdw.sandbox.soql.parser import parse

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

DEFAULT_PAGE_ROWS = 100_000
PAGES_LISTED = 5
_PAGES_SINCE = 58.0
_MEGABYTE = 1024 * 1024
_PROPERTIES = {"operation", "query", "contentType", "columnDelimiter", "lineEnding"}
OPERATIONS = ("query", "queryAll")


def object_of(call: Call, job_id: str = "", *rest: str) -> str | None:
    """Return the object a call about a query job concerns, for the journal and for faults."""
    if job_id:
        job = call.org.bulk.get(job_id)
        return job.object if job else None
    if call.method != "POST":
        return None
    try:
        path = parse(str(call.json_object().get("query", ""))).sources[0].path.text
    except (ApiError, SoqlError):
        return None
    found = call.org.schema.get(path)
    return found.name if found else path


# Creating


def create(call: Call) -> Reply:
    """POST /jobs/query."""
    given = infos.read_json(call, _PROPERTIES)
    job, query = _new_job(call, given)
    _spend_job(call)
    call.org.bulk.add(job)
    _submit(call.org, job, query)
    return Reply(body=infos.basic_info(job) | {"state": "UploadComplete"} | infos.separators_info(job))


def _new_job(call: Call, given: dict[str, Any]) -> tuple[Job2, BulkQuery]:
    jobs, now = call.org.bulk, call.org.clock.timestamp()
    operation = chosen(given, "operation", OPERATIONS, "")
    chosen(given, "contentType", ("CSV",), "CSV")
    delimiter = chosen(given, "columnDelimiter", DELIMITERS, "COMMA")
    ending = chosen(given, "lineEnding", LINE_ENDINGS, "LF")
    statement = given.get("query")
    if not isinstance(statement, str) or not statement.strip():
        raise ApiError("INVALIDJOB", "InvalidJob : Must specify a query")
    if call.org.teacher is not None:
        call.org.teacher.learn(statement)
    settings = settings_of(call, includes_deleted=operation == "queryAll")
    query = compile_bulk(statement, call.org.schema, settings)
    check_formulas(call, query.plan)
    job = Job2(
        jobs.new_id("750"),
        operation,
        query.plan.sobject.name,
        call.user_id,
        call.version,
        now,
        now,
        delimiter=delimiter,
        ending=ending,
        is_chunked=query.is_chunked,
        run=Run(now),
        query={"text": statement, "settings": settings.value()},
    )
    job.strike(call)
    return job, query


def _spend_job(call: Call) -> None:
    if call.fault("limit.bulk") or not call.org.limits.spend("DailyBulkV2QueryJobs"):
        raise ApiError("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been exceeded")


def run_again(org: Org, job: Job2) -> None:
    """Run a query job again that its process left unfinished; one whose statement means nothing any more has failed."""
    assert job.query is not None
    now = org.clock.timestamp()
    try:
        query = compile_bulk(job.query["text"], org.schema, settings_again(org, job.query["settings"]))
    except ApiError:
        return
    job.run = Run(now)
    job.results = {}
    _submit(org, job, query)


def _submit(org: Org, job: Job2, query: BulkQuery) -> None:
    """Start the run; without a delay its rows are those of this very moment."""
    jobs, run = org.bulk, job.run
    assert run is not None
    opened = open_snapshot(org.store) if jobs.pace.queue_s <= 0 else None

    def work(started: Run) -> None:
        connection = opened or open_snapshot(org.store)
        if "query.timeout" in job.fired:
            connection.close()
            raise RunFailed("QUERY_TIMEOUT : Your query request was running for too long.")
        delimiter, ending = job.separators
        began = org.clock.timestamp()
        result = extract(query, connection, Layout(delimiter, ending), started)
        if jobs.pace.query_rate:
            jobs.runner.wait_until(started, began + len(result) / jobs.pace.query_rate)
        if not org.limits.spend("DailyBulkV2QueryFileStorageMB", result.size // _MEGABYTE):
            raise RunFailed(
                "LIMIT_EXCEEDED : Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"
            )
        job.results["rows"] = result

    jobs.start(job, run, work, lambda: result_parts(job.results))


# Looking, aborting, deleting


def show(call: Call, job_id: str) -> Reply:
    """GET /jobs/query/ID."""
    job = infos.find_job(call, job_id, is_query=True)
    run = job.run
    assert run is not None
    info = infos.basic_info(job) | {"jobType": job.job_type} | infos.separators_info(job)
    if job.state == "Failed":
        info["errorMessage"] = run.error
    info |= {"numberRecordsProcessed": infos.shown_count(call, run.processed), "retries": run.retries}
    return Reply(body=info | {"totalProcessingTime": run.spent_ms, "isPkChunkingSupported": True})


def change(call: Call, job_id: str) -> Reply:
    """PATCH /jobs/query/ID {"state": "Aborted"}."""
    job = infos.find_job(call, job_id, is_query=True)
    state = infos.read_json(call, {"state"}).get("state")
    if state != "Aborted":
        raise ApiError("INVALIDJOB", f"InvalidJob : state '{state}' cannot be set; a query job can be Aborted")
    infos.abort(call, job)
    return Reply(body=infos.basic_info(job) | infos.separators_info(job))


def delete(call: Call, job_id: str) -> Reply:
    """DELETE /jobs/query/ID."""
    job = infos.find_job(call, job_id, is_query=True)
    if job.state not in TERMINAL:
        raise infos.invalid_state(f"InvalidJobState : Deleting a job in state {job.state} is not allowed")
    call.org.bulk.remove(job)
    return Reply(204)


def list_all(call: Call) -> Reply:
    """GET /jobs/query."""
    return infos.list_jobs(call, "query")


# Results


def results(call: Call, job_id: str) -> Reply:
    """GET /jobs/query/ID/results?maxRecords&locator."""
    found = _result_of(call, job_id)
    if found is None:
        return Reply(204)
    _, result = found
    total, locator = len(result), call.query.get("locator")
    if call.fault("locator.expired") and locator:
        raise ApiError("INVALID_QUERY_LOCATOR", f"invalid query locator: {locator}")
    first = decode(call, locator, total)
    end = min(total, first + _page_rows(call))
    headers = {
        "Sforce-Locator": "null" if end >= total else infos.encode_locator(end),
        "Sforce-NumberOfRecords": str(infos.shown_count(call, end - first)),
    }
    return infos.csv_reply(call, result, first, end, headers)


def decode(call: Call, locator: str | None, total: int) -> int:
    """Return where the page that is asked for begins; `null` and no locator mean the start."""
    return 0 if not locator or locator == "null" else infos.decode_locator(locator, total)


def _result_of(call: Call, job_id: str) -> tuple[Job2, ResultFile] | None:
    """Return a job with its rows; None when it has ended without any."""
    job = infos.find_job(call, job_id, is_query=True)
    infos.check_version(call, job)
    if job.state in {"Failed", "Aborted"}:
        return None
    result = job.results.get("rows")
    if job.state != "JobComplete" or result is None:
        raise infos.invalid_state(f"Query results are not available: the job's state is {job.state}")
    return job, result


def _page_rows(call: Call) -> int:
    """Return how many rows a page holds; a page may be shorter than asked for."""
    default = int(call.org.switch("bulk_page_rows", DEFAULT_PAGE_ROWS))
    text = call.query.get("maxRecords", "")
    if text and (not text.isdigit() or int(text) < 1):
        raise ApiError("API_ERROR", f"maxRecords must be a positive number: {text}")
    wanted = int(text) if text else default
    shrunk = call.fault("page.shrink")
    return min(wanted, int(shrunk.params.get("rows", shrunk.params.get("size", 100)))) if shrunk else wanted


def result_pages(call: Call, job_id: str) -> Reply:
    """GET /jobs/query/ID/resultPages: up to five places to read from in parallel."""
    if float(call.version) < _PAGES_SINCE:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
    found = _result_of(call, job_id)
    if found is None:
        return Reply(204)
    job, result = found
    total, size = len(result), _page_rows(call)
    first = decode(call, call.query.get("locator"), total)
    base = f"/services/data/v{call.version}/jobs/query/{job.id}"
    starts = list(range(first, max(total, 1), size))
    # Each place says how much to read there, or pages of another size than the usual one would overlap.
    limit = f"&maxRecords={size}" if "maxRecords" in call.query else ""
    urls = [f"{base}/results?locator={infos.encode_locator(start)}{limit}" for start in starts[:PAGES_LISTED]]
    pages = [{"resultUrl": url} for url in urls]
    following = None
    if len(starts) > PAGES_LISTED:
        following = f"{base}/resultPages?locator={infos.encode_locator(starts[PAGES_LISTED])}{limit}"
    return Reply(body={"resultPages": pages, "nextRecordsUrl": following, "done": following is None})
