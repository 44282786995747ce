"""Jobs as a store keeps them, and back: their infos as JSON; uploads, results and outcomes as parts.

What was under way when the process ended is over: a query of Bulk API 2.0 runs again, everything else has failed.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from sffdw.sandbox.bulk.classic.chunking import Chunking
from sffdw.sandbox.bulk.classic.model import Batch, Job1
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.ingestion import Outcome
from sffdw.sandbox.bulk.jobs import Job, Job2
from sffdw.sandbox.bulk.runs import Run
from sffdw.sandbox.errors import ApiError

INTERRUPTED = "InternalServerError : the org was restarted while the job was running"
_PIECE_BYTES = 1 << 20
_APART = frozenset({"fired", "run", "results", "content", "batches", "chunking"})
Read = Callable[[str], Iterator[bytes]]  # a part by name


# Writing


def value_of(job: Job) -> dict[str, Any]:
    """Return what is known of a job but its parts."""
    value = {item.name: getattr(job, item.name) for item in fields(job) if item.name not in _APART}
    if isinstance(job, Job2):
        return value | {"run": _run_value(job.run), "headers": _headers(job.results)}
    assert isinstance(job, Job1)
    chunking = asdict(job.chunking) if job.chunking is not None else None
    return value | {"chunking": chunking, "batches": [_batch_value(batch) for batch in job.batches]}


def _batch_value(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "created_at": batch.created_at,
        "content_type": batch.content_type,
        "is_replaced": batch.is_replaced,
        "run": _run_value(batch.run),
        "headers": _headers(batch.results),
    }


def _run_value(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    known = {item.name: getattr(run, item.name) for item in fields(run) if item.name not in {"wake_at", "is_ending"}}
    return known | {"is_over": run.is_over or run.is_ending}


def _headers(results: Mapping[str, ResultFile]) -> dict[str, str]:
    return {name: base64.b64encode(result.header).decode() for name, result in results.items()}


def content_part(content: bytes | None, owner: str = "") -> dict[str, Iterable[bytes]]:
    """Return an upload as a part; none empties the part."""
    return {f"content{owner}": _pieces(content or b"")}


def result_parts(results: Mapping[str, ResultFile], owner: str = "") -> dict[str, Iterable[bytes]]:
    """Return results as parts."""
    parts: dict[str, Iterable[bytes]] = {}
    for name, result in results.items():
        parts[f"rows{owner}/{name}"] = result.rows(0, len(result))
        parts[f"ends{owner}/{name}"] = _pieces(result.ends)
    return parts


def batch_parts(batch: Batch) -> dict[str, Iterable[bytes]]:
    """Return what came of a batch as parts."""
    outcomes = [(o.record_id, o.is_created, _refusal_value(o.refusal)) for o in batch.outcomes]
    packed = zlib.compress(json.dumps(outcomes).encode(), 1)
    return {f"outcomes {batch.id}": _pieces(packed), **result_parts(batch.results, f" {batch.id}")}


def _refusal_value(refusal: ApiError | None) -> list[Any] | None:
    return None if refusal is None else [refusal.code, refusal.message, refusal.status, refusal.fields]


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]


# Reading


def job_of(value: Mapping[str, Any], read: Read, now: float) -> Job:
    """Return a job that was kept; what was under way has failed, which leaves query jobs to be run again."""
    own = {name: item for name, item in value.items() if name not in {*_APART, "headers"}}
    if "batches" in value:
        chunking = Chunking(**value["chunking"]) if value["chunking"] is not None else None
        return Job1(**own, chunking=chunking, batches=[_batch_of(item, read, now) for item in value["batches"]])
    job = Job2(**own)
    job.run = _run_of(value["run"], now)
    job.results = _results_of(value["headers"], read, "")
    has_begun = job.run is not None and job.run.started_at is not None
    job.content = None if has_begun or job.is_query else b"".join(read("content")) or None
    return job


def was_interrupted(job: Job) -> bool:
    """Tell whether a job was under way when its process ended."""
    return isinstance(job, Job2) and job.run is not None and job.run.error == INTERRUPTED


def _batch_of(value: Mapping[str, Any], read: Read, now: float) -> Batch:
    owner = f" {value['id']}"
    run = _run_of(value["run"], now)
    assert run is not None
    content = b"".join(read(f"content{owner}"))
    batch = Batch(value["id"], value["created_at"], run, content, value["content_type"], value["is_replaced"])
    batch.results = _results_of(value["headers"], read, owner)
    packed = b"".join(read(f"outcomes{owner}"))
    if packed:
        rows = json.loads(zlib.decompress(packed))
        batch.outcomes = [Outcome(record_id, is_created, _refusal_of(error)) for record_id, is_created, error in rows]
    return batch


def _run_of(value: Mapping[str, Any] | None, now: float) -> Run | None:
    if value is None:
        return None
    run = Run(**value)
    if not run.is_over:
        run.is_over, run.ended_at = True, now
        run.error = None if run.is_aborted else INTERRUPTED
    return run


def _results_of(headers: Mapping[str, str], read: Read, owner: str) -> dict[str, ResultFile]:
    found = {}
    for name, header in headers.items():
        ends = b"".join(read(f"ends{owner}/{name}"))
        if ends:  # none: the process ended before the result was whole
            found[name] = ResultFile.kept(base64.b64decode(header), ends, _source(read, f"rows{owner}/{name}"))
    return found


def _source(read: Read, name: str) -> Callable[[], Iterable[bytes]]:
    return lambda: read(name)


def _refusal_of(value: list[Any] | None) -> ApiError | None:
    if value is None:
        return None
    code, message, status, names = value
    return ApiError(code, message, status=status, fields=names)
