"""From the text of an upload to its rows, checked against the limits of the Bulk APIs, and on to the outcome."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from sffdw.sandbox.bulk.csvtext import DELIMITERS, LINE_ENDINGS, BadCsv, read_rows, write_row
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.headers import read_header, record_of
from sffdw.sandbox.bulk.ingestion import Ingestion, Outcome
from sffdw.sandbox.bulk.jobs import BATCH_ROWS, Job2, Jobs
from sffdw.sandbox.bulk.runs import Run, RunFailed

MAX_FIELD_CHARACTERS = 32_000
MAX_RECORD_CHARACTERS = 400_000
MAX_FIELDS = 5_000
SUCCESSFUL, FAILED, UNPROCESSED = "successful", "failed", "unprocessed"
_OWN_COLUMNS: dict[str, list[str]] = {
    SUCCESSFUL: ["sf__Id", "sf__Created"],
    FAILED: ["sf__Id", "sf__Error"],
    UNPROCESSED: [],
}


@dataclass(frozen=True)
class Upload:
    """Header and rows of an upload."""

    names: list[str]
    rows: list[list[str]]


def read_upload(content: bytes, delimiter: str, ending: str) -> Upload:
    """Read an upload; raises RunFailed for what is not CSV of the announced form."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RunFailed(f"InvalidBatch : Invalid UTF-8 byte at position {error.start}") from None
    try:
        rows = list(read_rows(text, DELIMITERS[delimiter], ending))
    except BadCsv as error:
        raise RunFailed(str(error)) from None
    if not rows:
        return Upload([], [])
    names, *rows = rows
    _check_limits(names, rows)
    return Upload(names, rows)


def _check_limits(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if len(names) > MAX_FIELDS:
        raise RunFailed(f"InvalidBatch : The number of fields exceeds the maximum of {MAX_FIELDS}")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise RunFailed(f"InvalidBatch : Record {number} has {len(row)} fields, the header has {len(names)}")
        lengths = [len(value) for value in row]
        if max(lengths) > MAX_FIELD_CHARACTERS:
            raise RunFailed(f"InvalidBatch : Field in record {number} exceeds {MAX_FIELD_CHARACTERS} characters")
        if sum(lengths) > MAX_RECORD_CHARACTERS:
            raise RunFailed(f"InvalidBatch : Record {number} exceeds {MAX_RECORD_CHARACTERS} characters")


class Loading:
    """Carries the upload of one job out and keeps its three result files."""

    def __init__(self, jobs: Jobs, job: Job2, ingestion: Ingestion) -> None:
        self.jobs = jobs
        self.job = job
        self.ingestion = ingestion
        self.delimiter, self.ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.ending]

    def work(self, run: Run) -> None:
        """Process the upload; rows that nothing was tried with stay as unprocessed records."""
        content, self.job.content = self.job.content or b"", None
        upload = read_upload(content, self.job.delimiter, self.job.ending)
        self._open(upload)
        todo = self._batches(upload)
        try:
            self._process(upload, todo, run)
        finally:
            self.job.results[UNPROCESSED].append([self._line(row) for batch in todo for row in batch])

    def _open(self, upload: Upload) -> None:
        for name, own in _OWN_COLUMNS.items():
            self.job.results[name] = ResultFile(self._line([*own, *upload.names]))

    def _batches(self, upload: Upload) -> list[list[list[str]]]:
        """Split into batches of 10,000 rows, in the order that they happen to be taken."""
        rows = upload.rows
        batches = [rows[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS)]
        random.Random(self.job.id).shuffle(batches)
        return batches

    def _process(self, upload: Upload, todo: list[list[list[str]]], run: Run) -> None:
        call, org = self.ingestion.call, self.jobs.org
        if not upload.rows:
            return
        targets = read_header(upload.names, org.schema, self.ingestion.sobject, call.access)
        began = org.clock.timestamp()
        while todo:
            if not org.limits.spend("DailyBulkApiBatches"):
                raise RunFailed("ExceededQuota : ApiBatchItems Limit exceeded.")
            batch = todo[0]
            for outcomes in self.ingestion.apply([record_of(targets, row) for row in batch], run):
                done, todo[0] = todo[0][: len(outcomes)], todo[0][len(outcomes) :]
                self._keep(done, outcomes)
                self._pace(run, began)
            todo.pop(0)

    def _keep(self, rows: Sequence[Sequence[str]], outcomes: Sequence[Outcome]) -> None:
        good: list[bytes] = []
        bad: list[bytes] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.error is None:
                good.append(self._line([outcome.record_id, "true" if outcome.is_created else "false", *row]))
            else:
                bad.append(self._line([outcome.record_id, outcome.error, *row]))
        self.job.results[SUCCESSFUL].append(good)
        self.job.results[FAILED].append(bad)

    def _pace(self, run: Run, began: float) -> None:
        rate = self.jobs.pace.ingest_rate
        if rate:
            self.jobs.runner.wait_until(run, began + run.processed / rate)

    def _line(self, values: Sequence[str]) -> bytes:
        return write_row(values, self.delimiter, self.ending) if values else self.ending.encode()


def result_of(job: Job2, name: str) -> ResultFile | None:
    """Return a result file of a job that is over; what was uploaded and never begun is unprocessed."""
    if job.content is not None and not job.results:
        content, job.content = job.content, None
        with contextlib.suppress(RunFailed):  # what cannot be read has no records
            upload = read_upload(content, job.delimiter, job.ending)
            job.results[UNPROCESSED] = _all_of(upload, *job.separators)
    return job.results.get(name)


def _all_of(upload: Upload, delimiter: str, ending: str) -> ResultFile:
    result = ResultFile(write_row(upload.names, delimiter, ending))
    result.append([write_row(row, delimiter, ending) for row in upload.rows])
    return result
