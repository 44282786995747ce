"""Paths of the Bulk APIs: (path, kind of call, what finds its object, functions by method)."""

from __future__ import annotations

from collections.abc import Callable

from sffdw.sandbox.bulk import query_jobs
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
)
