"""Jobs and batches of Bulk API 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sffdw.sandbox.bulk.classic.chunking import Chunking
from sffdw.sandbox.bulk.files import ResultFile
from sffdw.sandbox.bulk.ingestion import Outcome
from sffdw.sandbox.bulk.jobs import Job
from sffdw.sandbox.bulk.runs import Run


@dataclass
class Batch:
    """One batch: what was sent, and what came of it."""

    id: str
    created_at: float
    run: Run
    content: bytes
    content_type: str
    is_replaced: bool = False  # the original batch of a chunked query: its chunks do the work
    outcomes: list[Outcome] = field(default_factory=list)
    results: dict[str, ResultFile] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The state of the moment."""
        run = self.run
        if run.is_aborted or (self.is_replaced and run.is_over and run.error is None):
            return "Not Processed"
        if run.is_over:
            return "Completed" if run.error is None else "Failed"
        return "Queued" if run.started_at is None else "InProgress"

    @property
    def touched_at(self) -> float:
        """When the batch last changed."""
        return self.run.ended_at or self.run.started_at or self.created_at


@dataclass
class Job1(Job):
    """A job of Bulk API 1.0: open for batches until somebody closes it."""

    chunking: Chunking | None = None
    set_state: str = "Open"
    batches: list[Batch] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Open, Closed or Aborted."""
        return self.set_state

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.set_state != "Open" and all(batch.run.is_over for batch in self.batches)

    @property
    def is_chunked(self) -> bool:
        """Whether queries are split by primary key."""
        return self.chunking is not None

    @property
    def touched_at(self) -> float:
        """When the job last changed."""
        return max([self.changed_at, *(batch.touched_at for batch in self.batches)])

    def count(self, *states: str) -> int:
        """Count the batches in some states."""
        return sum(1 for batch in self.batches if batch.state in states)


def total(batches: Sequence[Batch], attribute: str) -> int:
    """Add up a counter of the batches' runs."""
    return sum(int(getattr(batch.run, attribute)) for batch in batches)
