"""Paths of the Bulk APIs: (path, kind of call, what finds its object, functions by method)."""

from __future__ import annotations

from collections.abc import Callable

from sffdw.sandbox.bulk import ingest_jobs, query_jobs
from sffdw.sandbox.bulk.classic import batches, jobs
from sffdw.sandbox.call import Reply

Entry = tuple[str, str, Callable[..., str | None] | None, dict[str, Callable[..., Reply]]]

DATA: tuple[Entry, ...] = (
    ("/jobs/query", "bulk_job", query_jobs.object_of, {"GET": query_jobs.list_all, "POST": query_jobs.create}),
    (
        "/jobs/query/{}",
        "bulk_job",
        query_jobs.object_of,
        {"GET": query_jobs.show, "PATCH": query_jobs.change, "DELETE": query_jobs.delete},
    ),
    ("/jobs/query/{}/results", "bulk_result", query_jobs.object_of, {"GET": query_jobs.results}),
    ("/jobs/query/{}/resultPages", "bulk_job", query_jobs.object_of, {"GET": query_jobs.result_pages}),
    ("/jobs/ingest", "bulk_job", ingest_jobs.object_of, {"GET": ingest_jobs.list_all, "POST": ingest_jobs.create}),
    (
        "/jobs/ingest/{}",
        "bulk_job",
        ingest_jobs.object_of,
        {"GET": ingest_jobs.show, "PATCH": ingest_jobs.change, "DELETE": ingest_jobs.delete},
    ),
    ("/jobs/ingest/{}/batches", "bulk_upload", ingest_jobs.object_of, {"PUT": ingest_jobs.upload}),
    (
        "/jobs/ingest/{}/(successfulResults|failedResults|unprocessedRecords)",
        "bulk_result",
        ingest_jobs.object_of,
        {"GET": ingest_jobs.results},
    ),
)

_ASYNC = "/services/async/{}/job"
ROOT: tuple[Entry, ...] = (
    (_ASYNC, "bulk_job", jobs.object_of, {"POST": jobs.create}),
    (f"{_ASYNC}/{{}}", "bulk_job", jobs.object_of, {"GET": jobs.show, "POST": jobs.change}),
    (f"{_ASYNC}/{{}}/batch", "bulk_upload", jobs.object_of, {"GET": batches.list_all, "POST": batches.create}),
    (f"{_ASYNC}/{{}}/batch/{{}}", "bulk_job", jobs.object_of, {"GET": batches.show}),
    (f"{_ASYNC}/{{}}/batch/{{}}/request", "bulk_job", jobs.object_of, {"GET": batches.request}),
    (f"{_ASYNC}/{{}}/batch/{{}}/result", "bulk_result", jobs.object_of, {"GET": batches.results}),
    (f"{_ASYNC}/{{}}/batch/{{}}/result/{{}}", "bulk_result", jobs.object_of, {"GET": batches.result}),
)
