"""Job infos of Bulk API 2.0 as JSON, and what the resources of both kinds of job have in common."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.jobs import TERMINAL, Job, Job2, text_of
from sffdw.sandbox.call import Call, Reply, Stream
from sffdw.sandbox.errors import ApiError

LIST_ROWS = 1_000
CSV_TYPE = "text/csv"
_TRUE = frozenset({"true", "1"})


def basic_info(job: Job) -> dict[str, Any]:
    """Return what every answer about a job begins with."""
    info: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": text_of(job.created_at),
        "systemModstamp": text_of(job.touched_at),
        "state": job.state,
    }
    if job.external_id_field is not None:
        info["externalIdFieldName"] = job.external_id_field
    return info | {
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "apiVersion": float(job.version),
    }


def separators_info(job: Job) -> dict[str, Any]:
    """Return line ending and delimiter."""
    return {"lineEnding": job.ending, "columnDelimiter": job.delimiter} if isinstance(job, Job2) else {}


def find_job(call: Call, job_id: str, *, is_query: bool) -> Job2:
    """Return a job of Bulk API 2.0 when there is nothing it could do right now."""
    jobs = call.org.bulk
    job = jobs.find(job_id, lambda found: isinstance(found, Job2) and found.is_query == is_query)
    assert isinstance(job, Job2)
    if job.run is not None:
        jobs.runner.look(job.run)
    if job.state not in TERMINAL:
        job.strike(call)
    call.object = job.object
    return job


def invalid_state(message: str) -> ApiError:
    """Return the error for something a job's state does not allow."""
    return ApiError("INVALIDJOBSTATE", message)


def check_version(call: Call, job: Job2) -> None:
    """Refuse results asked with another API version than the job's."""
    if call.version != job.version:
        message = f"The API version of the request, {call.version}, differs from the version of the job, {job.version}"
        raise ApiError("API_ERROR", message, status=409)


def abort(call: Call, job: Job2) -> None:
    """Abort a job that has not ended."""
    if job.state in TERMINAL:
        name = {"JobComplete": "Completed"}.get(job.state, job.state)
        raise invalid_state(f"Aborting already {name} Job not allowed")
    job.changed_at = call.org.clock.timestamp()
    if job.run is None:
        job.has_closed = True
    else:
        call.org.bulk.runner.abort(job.run)
    call.org.bulk.keep(job)


def read_json(call: Call, allowed: set[str]) -> dict[str, Any]:
    """Return the body; raises for a property that the resource does not have."""
    given = call.json_object()
    return check_properties(given, allowed)


def check_properties(given: dict[str, Any], allowed: set[str]) -> dict[str, Any]:
    """Refuse properties that job requests do not have."""
    for name in given:
        if name not in allowed:
            message = f'Unrecognized field "{name}" (class JobInfo), not marked as ignorable at [line:1, column:1]'
            raise ApiError("JSON_PARSER_ERROR", message)
    return given


def shown_count(call: Call, count: int) -> int:
    """Return a number of records as the answer states it: the fault count.wrong makes it wrong."""
    wrong = call.fault("count.wrong")
    if wrong is None:
        return count
    return int(count * float(wrong.params.get("factor", 1.0))) + int(
        wrong.params.get("by", 0 if "factor" in wrong.params else 1)
    )


# Pages of results


def encode_locator(offset: int) -> str:
    """Return the opaque text that names where a page begins."""
    return base64.b64encode(str(offset).encode()).decode().rstrip("=")


def decode_locator(text: str, total: int) -> int:
    """Return where the page of a locator begins; raises for one that was never given out."""
    try:
        offset = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _invalid_locator(text) from None
    if not offset.isdigit() or int(offset) >= max(total, 1):
        raise _invalid_locator(text)
    return int(offset)


def _invalid_locator(text: str) -> ApiError:
    return ApiError("INVALID_QUERY_LOCATOR", f"invalid query locator: {text}")


def csv_reply(call: Call, result: ResultFile, first: int, end: int, headers: dict[str, str]) -> Reply:
    """Return a page of a result file, read while it is sent."""

    def pieces() -> Iterator[bytes]:
        return result.page(first, end)

    call.rows = end - first
    call.is_file = True
    stream = Stream(pieces, result.page_bytes(first, end))
    return Reply(stream=stream, headers=headers, content_type=CSV_TYPE)


# Lists


def list_jobs(call: Call, kind: str) -> Reply:
    """Return the jobs of a resource, newest first, 1,000 a page, filtered as the query string says."""
    types = {"Classic", "V2Query"} if kind == "query" else {"Classic", "V2Ingest"}
    wanted = call.query.get("jobType")
    if wanted is not None and wanted not in types:
        raise ApiError("API_ERROR", f"jobType must be one of {', '.join(sorted(types))}")
    found = [job for job in reversed(call.org.bulk.listed()) if job.job_type in ({wanted} if wanted else types)]
    found = [job for job in found if job.job_type != "Classic" or job.is_query == (kind == "query")]
    chunked = call.query.get("isPkChunkingEnabled")
    if chunked is not None:
        found = [job for job in found if getattr(job, "is_chunked", False) == (chunked.lower() in _TRUE)]
    states = call.query.get("concurrencyMode")
    if states is not None:
        found = [job for job in found if job.concurrency.lower() == states.lower()]
    locator = call.query.get("queryLocator")
    first = decode_locator(locator, len(found)) if locator else 0
    page = found[first : first + LIST_ROWS]
    following = None
    if first + LIST_ROWS < len(found):
        following = f"/services/data/v{call.version}/jobs/{kind}?queryLocator={encode_locator(first + LIST_ROWS)}"
    records = [basic_info(job) | {"jobType": job.job_type} | separators_info(job) for job in page]
    return Reply(body={"done": following is None, "records": records, "nextRecordsUrl": following})
