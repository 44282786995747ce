"""Synchronous writes: all-or-none requests whose first rejection fails the statement, each with its intent on disk.

An intent is written before the call and completed after the answer; it goes at once only when the call surely had no
effect. Whether the transaction then commits is found out later by who reads the intents.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sffdw.auth import Session
from sffdw.calls import Purpose
from sffdw.connection import Connection
from sffdw.errors import (
    Error,
    OrgMismatch,
    RecordRejected,
    RequestError,
    RequestInDoubt,
)
from sffdw.intents import Intent, Intents
from sffdw.options import MAX_BATCH
from sffdw.writer import ROLLED_BACK, already_stored, first_error, rejection

IN_DOUBT_HINT = ("The local change is undone. sffdw.maintain asks Salesforce what became of the other one; look there "
                 "before repeating the statement.")


@dataclass(frozen=True)
class Change:
    """A record to send. record: API names to JSON values; old: those of an update as they were before."""

    batch_id: str
    position: int
    object_name: str
    operation: str
    external_id_field: str | None
    record: dict[str, Any]
    old: dict[str, Any] | None
    local_id: int
    mapping_id: int
    origin: str
    transaction_id: str
    org_id: str

    def kind(self) -> tuple[str, str, str]:
        """Changes of one kind share a request."""
        return self.object_name, self.operation, self.external_id_field or ""


@dataclass(frozen=True)
class Stored:
    """A change that Salesforce has accepted. is_created: it made the record."""

    change: Change
    record_id: str
    is_created: bool


def send_changes(connection: Connection, changes: Sequence[Change]) -> Iterator[Stored]:
    """Send in order of position, a request for neighbours of one kind. Raises for the first that is refused."""
    session = _checked_session(connection, changes[0].org_id)
    count = 0
    for _, neighbours in groupby(sorted(changes, key=lambda change: change.position), key=Change.kind):
        group = list(neighbours)
        for start in range(0, len(group), MAX_BATCH):
            for stored in _Request(connection, session, group[start:start + MAX_BATCH], count).send():
                count += 1
                yield stored


def _checked_session(connection: Connection, org_id: str) -> Session:
    session = connection.client.transport.identify()
    if session.org_id[:15] != org_id[:15]:
        raise OrgMismatch("another org answers than the connection's: nothing was sent",
                          detail=f"The connection belongs to org {org_id}, the login leads to {session.org_id}.",
                          hint="Run sffdw.recover(): it says what it would accept.")
    return session


class _Request:
    """One all-or-none request, and the intent that tells of it."""

    def __init__(self, connection: Connection, session: Session, changes: list[Change], stored_count: int) -> None:
        self._connection = connection
        self._session = session
        self._changes = changes
        self._stored_count = stored_count
        self._intents = Intents(connection.spool)

    def send(self) -> list[Stored]:
        intent = self._intent()
        self._intents.keep(intent)
        results = self._saved(intent)
        refused = [(change, result) for change, result in zip(self._changes, results, strict=True)
                   if result.get("success") is not True]
        if refused:
            self._intents.forget([intent.intent_id])
            return self._send_without_gone(refused)
        self._intents.keep(intent.answered(results))
        return [Stored(change, str(result["id"]), result.get("created", change.operation == "insert") is True)
                for change, result in zip(self._changes, results, strict=True)]

    def _intent(self) -> Intent:
        first = self._changes[0]
        return Intent(
            str(uuid.uuid4()), first.batch_id, first.origin, self._session.org_id, self._session.user_id,
            first.transaction_id, first.mapping_id, first.object_name, first.operation, first.external_id_field,
            dt.datetime.now(dt.UTC).isoformat(),
            tuple({"position": change.position, "local_id": change.local_id, "record": change.record,
                   "old": change.old} for change in self._changes))

    def _saved(self, intent: Intent) -> list[dict[str, Any]]:
        first = self._changes[0]
        try:
            client = self._connection.client.charged(Purpose("write", first.object_name))
            return client.save(first.operation, first.object_name, [change.record for change in self._changes],
                               all_or_none=True, external_id_field=first.external_id_field)
        except RequestError as error:
            if error.is_in_doubt:
                raise RequestInDoubt(
                    f'it is not known whether records of object "{first.object_name}" were stored: {error}',
                    detail=self._detail(error), hint=IN_DOUBT_HINT, status=error.status, code=error.code) from error
            self._intents.forget([intent.intent_id])
            raise type(error)(str(error), detail=self._detail(error), hint=error.hint, status=error.status,
                              code=error.code) from error
        except Error:
            # Nothing was sent: the login was refused, or the budget is used up.
            self._intents.forget([intent.intent_id])
            raise

    def _send_without_gone(self, refused: Sequence[tuple[Change, Mapping[str, Any]]]) -> list[Stored]:
        """A record that is gone already needs no delete: the others go again without it. Raises RecordRejected."""
        culprits = [(change, result) for change, result in refused if first_error(result)[0] != ROLLED_BACK] or refused
        change, result = culprits[0]
        if change.operation != "delete" or any(first_error(one)[0] != "ENTITY_IS_DELETED" for _, one in culprits):
            raise self._rejected(change, result)
        gone = [change for change, _ in culprits]
        rest = [change for change in self._changes if change not in gone]
        stored = [Stored(change, str(change.record["Id"]), False) for change in gone]
        return stored + (_Request(self._connection, self._session, rest, self._stored_count).send() if rest else [])

    def _rejected(self, change: Change, result: Mapping[str, Any]) -> RecordRejected:
        place = f"row {change.position} of the statement, id {change.local_id}"
        return rejection(change.operation, change.object_name, place, result, self._stored_count)

    def _detail(self, error: RequestError) -> str:
        places = [change.position for change in self._changes]
        rows = f"row {places[0]}" if len(places) == 1 else f"rows {places[0]} to {places[-1]}"
        already = "" if error.is_in_doubt and not self._stored_count else already_stored(self._stored_count)
        return " ".join(part for part in (error.detail, f"It was the request for {rows}.", already) if part)
