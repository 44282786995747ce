"""The jobs of both Bulk APIs: what they are, how they are found, how long they are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.bulk.csvtext import DELIMITERS, LINE_ENDINGS
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.runs import Pace, Run, Runner, Work
from sffdw.sandbox.call import Call
from sffdw.sandbox.errors import ApiError, not_found
from sffdw.sandbox.faults import Fault
from sffdw.sandbox.store.kept import Parts

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

_KIND = "job"
KEPT_S = 7 * 24 * 3600.0
BATCH_ROWS = 10_000
TERMINAL = frozenset({"JobComplete", "Failed", "Aborted"})
_FAULTS = frozenset(
    (
        *("bulk.failed", "bulk.slow", "bulk.retry", "query.timeout"),
        *("commit.late", "row.locked", "dml.error", "duplicate.rule"),
    )
)


@dataclass
class Job:
    """What all jobs have in common; `fired` gathers the faults that struck any of its calls."""

    id: str
    operation: str
    object: str
    user_id: str
    version: str
    created_at: float
    changed_at: float
    concurrency: str = "Parallel"
    content_type: str = "CSV"
    external_id_field: str | None = None
    fired: dict[str, Fault] = field(default_factory=dict)

    job_type = "Classic"

    @property
    def state(self) -> str:
        """The state of the moment."""
        raise NotImplementedError

    @property
    def is_query(self) -> bool:
        """Whether the job reads."""
        return self.operation in {"query", "queryAll"}

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in TERMINAL

    @property
    def touched_at(self) -> float:
        """When the job last changed."""
        return self.changed_at

    def strike(self, call: Call) -> None:
        """Keep what faults of a call say about this job."""
        self.fired |= {name: fault for name, fault in call.fired.items() if name in _FAULTS}


@dataclass
class Job2(Job):
    """A job of Bulk API 2.0."""

    delimiter: str = "COMMA"
    ending: str = "LF"
    is_chunked: bool = False  # by primary key: query jobs without LIMIT and ORDER BY
    run: Run | None = None
    has_closed: bool = False  # aborted before anything ran
    results: dict[str, ResultFile] = field(default_factory=dict)
    content: bytes | None = None
    query: dict[str, Any] | None = None  # of a query job: statement and settings, to run it again

    @property
    def state(self) -> str:
        """The state of the moment."""
        run = self.run
        if run is None:
            return "Aborted" if self.has_closed else "Open"
        if run.is_aborted:
            return "Aborted"
        if run.is_over:
            return "JobComplete" if run.error is None else "Failed"
        return "UploadComplete" if run.started_at is None else "InProgress"

    @property
    def touched_at(self) -> float:
        """When the job last changed."""
        run = self.run
        return max(self.changed_at, (run.ended_at or run.started_at or 0.0) if run else 0.0)

    @property
    def job_type(self) -> str:  # type: ignore[override]
        """V2Query or V2Ingest."""
        return "V2Query" if self.is_query else "V2Ingest"

    @property
    def separators(self) -> tuple[str, str]:
        """Delimiter and line ending as text."""
        return DELIMITERS[self.delimiter], LINE_ENDINGS[self.ending]


class Jobs:
    """All jobs of the org, and the threads that carry them out."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.runner = Runner(org)
        self.pace = Pace.of(org)
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._counts = {"750": 0, "751": 0, "752": 0}

    def new_id(self, prefix: str) -> str:
        """Return the next id of a job (750), a batch (751) or a result (752)."""
        store = self.org.store
        if store.kept.is_lasting:
            return ids.compose(prefix, store.instance, store.next_number(f"bulk {prefix}"))
        with self._lock:
            self._counts[prefix] += 1
            return ids.compose(prefix, store.instance, self._counts[prefix])

    def add(self, job: Job) -> None:
        """Keep a job; those that ended more than seven days ago go."""
        now = self.org.clock.timestamp()
        with self._lock:
            self._jobs[job.id] = job
            over = [known for known in self._jobs.values() if known.is_over and now - known.touched_at > KEPT_S]
            for old in over:
                del self._jobs[old.id]
        self.org.store.kept.remove(_KIND, [old.id for old in over])
        self.keep(job)

    def find(self, text: str, wanted: Callable[[Job], bool]) -> Job:
        """Return a job by id; raises 404."""
        with self._lock:
            job = self._jobs.get(ids.normalise(text) or "")
        now = self.org.clock.timestamp()
        if job is None or not wanted(job) or (job.is_over and now - job.touched_at > KEPT_S):
            raise not_found()
        return job

    def get(self, text: str) -> Job | None:
        """Return a job by id, of whatever kind."""
        with self._lock:
            return self._jobs.get(ids.normalise(text) or "")

    def listed(self) -> list[Job]:
        """Return all jobs, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def remove(self, job: Job) -> None:
        """Forget a job and its results."""
        with self._lock:
            self._jobs.pop(job.id, None)
        self.org.store.kept.remove(_KIND, [job.id])

    def keep(self, job: Job, parts: Parts | None = None) -> None:
        """Keep a job as it is now, with parts that are new."""
        store = self.org.store
        if store.kept.is_lasting:
            from sffdw.sandbox.bulk.keeping import value_of

            with store.database.transaction():  # the state that is written is the latest one
                store.kept.save(_KIND, job.id, value_of(job), parts)

    def restore(self) -> None:
        """Take up the jobs that an earlier process has left."""
        from sffdw.sandbox.bulk.keeping import job_of, was_interrupted
        from sffdw.sandbox.bulk.query_jobs import run_again

        kept, now = self.org.store.kept, self.org.clock.timestamp()
        for job_id, value in kept.all(_KIND):
            job = job_of(value, partial(kept.part, _KIND, job_id), now)
            self._jobs[job.id] = job
            if isinstance(job, Job2) and job.query is not None and was_interrupted(job):
                run_again(self.org, job)
            self.keep(job)

    def start(self, job: Job, run: Run, work: Work, parts: Callable[[], Parts]) -> None:
        """Carry out a run of a job as its faults and the org's speed say; `parts` gives what is to be kept of it."""
        retry, slow, failed = (job.fired.get(f"bulk.{name}") for name in ("retry", "slow", "failed"))

        def faulty(started: Run) -> None:
            self.keep(job)
            if retry is not None:
                started.retries = int(retry.params.get("retries", 1))
                self.pass_time(started, started.retries * float(retry.params.get("seconds", self.pace.retry_s)))
            if slow is not None:
                self.pass_time(started, float(slow.params.get("seconds", 60)))
            if failed is not None and job.is_query:
                fail(failed)
            work(started)

        def ended(_: Run) -> None:
            if self.org.store.kept.is_lasting:
                self.keep(job, parts())

        self.runner.start(run, self.pace.queue_s, faulty, ended)

    def pass_time(self, run: Run, seconds: float) -> None:
        """Let a run take some time of the org's clock."""
        self.runner.wait_until(run, self.org.clock.timestamp() + seconds)

    def close(self) -> None:
        """Stop all work."""
        self.runner.close()


def fail(fault: Fault) -> None:
    """End a run as the fault bulk.failed says."""
    from sffdw.sandbox.bulk.runs import RunFailed

    default = "InternalServerError : Retried more than 15 times"
    raise RunFailed(str(fault.params.get("message", default)))


def text_of(moment: float) -> str:
    """Return a moment of the org's clock as job infos show it."""
    return stamps.to_text(datetime.fromtimestamp(moment, UTC))


def chosen(given: dict[str, Any], key: str, known: Any, default: str) -> str:
    """Return a setting of a job request; raises for one that does not exist."""
    value = str(given.get(key) or default)
    found = next((name for name in known if name.lower() == value.lower()), None)
    if found is None:
        raise ApiError("INVALIDJOB", f"InvalidJob : {key} '{value}' is not supported; use one of {', '.join(known)}")
    return str(found)
