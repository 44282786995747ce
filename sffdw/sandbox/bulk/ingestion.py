"""Carrying uploaded rows out, 200 at a time, each row by itself: one bad row never spoils another.

Used by both Bulk APIs, which differ only in how they show the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.bulk.jobs import Job, fail
from sffdw.sandbox.bulk.runs import Run
from sffdw.sandbox.call import Call
from sffdw.sandbox.dml import removal
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.dml.validate import record_id_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.dml_faults import strike_record
from sffdw.sandbox.rest.records import actor_of
from sffdw.sandbox.schema import Field, SObject

CHUNK_ROWS = 200
Record = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one row."""

    record_id: str = ""
    is_created: bool = False
    refusal: ApiError | None = None

    @property
    def error(self) -> str | None:
        """The refusal as result files show it."""
        return None if self.refusal is None else error_text(self.refusal)


def error_text(error: ApiError) -> str:
    """Return a refusal as result files show it."""
    fields = ", ".join(error.fields or ())
    return f"{error.code}:{error.message}:{fields} --" if fields else f"{error.code}:{error.message}:--"


class Ingestion:
    """Applies the records of a job; faults that struck the job's calls strike its rows."""

    def __init__(self, call: Call, job: Job, sobject: SObject, key: Field | None) -> None:
        self.call = replace(call, fired=dict(job.fired))
        self.job = job
        self.sobject = sobject
        self.key = key  # what upserts go by
        self.position = 0

    def apply(self, records: Sequence[Record], run: Run) -> Iterator[list[Outcome]]:
        """Give the outcomes of each chunk; stops where the run is aborted or the fault bulk.failed says so."""
        for start in range(0, len(records), CHUNK_ROWS):
            run.check()
            chunk = records[start : start + CHUNK_ROWS]
            failed = self.job.fired.get("bulk.failed")
            if failed is not None and self.position >= int(failed.params.get("after_rows", 0)):
                fail(failed)
            outcomes = self._commit(partial(self._chunk, chunk, self.position))
            self.position += len(chunk)
            run.processed += len(chunk)
            run.failed += sum(1 for outcome in outcomes if outcome.error is not None)
            yield outcomes

    def _commit(self, work: Callable[[], list[Outcome]]) -> list[Outcome]:
        late = self.job.fired.get("commit.late")
        after_s = float(late.params.get("commit_after_s", late.params.get("after_s", 0))) if late else 0.0
        return self.call.org.late.run(work, after_s) if after_s > 0 else work()

    def _chunk(self, chunk: Sequence[Record], first: int) -> list[Outcome]:
        """Apply up to 200 records in one transaction."""
        org, seen = self.call.org, set[str]()
        with org.store.transaction():
            records = Records(org.store, replace(actor_of(self.call), at=org.stamp()))
            return [self._one(records, record, first + place, seen) for place, record in enumerate(chunk)]

    def _one(self, records: Records, record: Record, position: int, seen: set[str]) -> Outcome:
        stated = str(record.get("Id") or "")
        record_id = ids.normalise(stated)
        try:
            with self.call.org.store.transaction():
                self._refuse_duplicate(record, record_id, seen)
                outcome = self._carry_out(records, record, stated)
                strike_record(self.call, self.sobject, record_id, position)
                return outcome
        except ApiError as error:
            return Outcome(record_id or stated, refusal=error)

    def _refuse_duplicate(self, record: Record, record_id: str | None, seen: set[str]) -> None:
        """Refuse a record that its chunk has already changed."""
        operation, key = self.job.operation, self.key
        if operation == "insert":
            return
        value = record.get(key.name) if operation == "upsert" and key is not None else record_id
        if not value:
            return
        token = str(value).lower() if key is not None and key.type != "id" else str(record_id or value)
        if token in seen:
            kind = f"external id specified: {value}" if operation == "upsert" else f"id specified: {value}"
            fields = [key.name] if operation == "upsert" and key is not None else ["Id"]
            raise ApiError("DUPLICATE_VALUE", f"Duplicate {kind}", fields=fields)
        seen.add(token)

    def _carry_out(self, records: Records, record: Record, stated: str) -> Outcome:
        sobject, operation = self.sobject, self.job.operation
        if operation == "insert":
            return Outcome(records.create(sobject, record), True)
        if operation == "upsert":
            assert self.key is not None
            return Outcome(*records.upsert(sobject, self.key, record))
        if not stated:
            raise ApiError("MISSING_ARGUMENT", f"Id not specified in {_call_name(operation)} call", fields=["Id"])
        record_id = record_id_of(sobject, stated)
        if operation == "update":
            records.update(sobject, record_id, record)
        elif operation == "delete":
            records.delete(sobject, record_id)
        else:
            if not records.store.is_deleted(sobject, record_id):
                records.delete(sobject, record_id)
            removal.hard_delete(records, sobject, record_id)
        return Outcome(record_id)


def _call_name(operation: str) -> str:
    return "an update" if operation == "update" else "a delete"


def upsert_key(call: Call, sobject: SObject, name: object) -> Field:
    """Return the field an upsert job goes by; raises InvalidJob."""
    field = call.access.find_field(sobject, name) if isinstance(name, str) and name else None
    if not name:
        raise ApiError("INVALIDJOB", "InvalidJob : Must specify externalIdFieldName for upsert")
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        message = (
            f"InvalidJob : Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field "
            f"for {sobject.name}"
        )
        raise ApiError("INVALIDJOB", message)
    return field


def check_hard_delete(call: Call) -> None:
    """Refuse hardDelete without the permission `Bulk API Hard Delete` (switch bulk_hard_delete)."""
    if not call.org.switch("bulk_hard_delete", True):
        message = (
            "hardDelete operation requires special user profile permission, please contact your system administrator"
        )
        raise ApiError("FEATURENOTENABLED", message)
