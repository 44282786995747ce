"""Changes on their way to Salesforce: rows queue per statement and go 200 at a time through sObject Collections.

Two ways: a live table's rows, whose first rejection fails the statement, and `_write`'s entries, whose results are kept
one by one and whose Collections share Composite requests. A change is sent once: whether a lost reply hides a success
is for others to find out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from sffdw import soql, types
from sffdw.answers import LASTING
from sffdw.calls import Purpose
from sffdw.client import MAX_COLLECTIONS, Client, Collection
from sffdw.connection import Connection
from sffdw.entries import Bundle, Entry, Outcome, bundles_of, requests_of, waves_of
from sffdw.errors import (
    AuthenticationError,
    BudgetExhausted,
    Error,
    RecordLocked,
    RecordRejected,
    RequestError,
    RequestInDoubt,
    printable,
)
from sffdw.options import MAX_BATCH
from sffdw.retry import RECORD_RULES

ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
LOCK_CODES = frozenset(("UNABLE_TO_LOCK_ROW",))
# Codes of a record after which the same record may well be accepted later.
TRANSIENT_RECORD_CODES = frozenset[str]().union(*(rule.codes for rule in RECORD_RULES))
# Whole requests refused for what one record holds: divided until the record is found, within a number of calls.
DIVISIBLE_CODES = frozenset(("INVALID_FIELD", "JSON_PARSER_ERROR", "MALFORMED_ID", "INVALID_ID_FIELD",
                             "MISSING_ARGUMENT", "INVALID_TYPE_ON_FIELD_IN_RECORD", "INVALID_CROSS_REFERENCE_KEY"))
MAX_DIVISIONS = 16
TOO_LARGE = 413
# Reasons after which the same record may be accepted later, whatever the status: the answer is not Salesforce's own.
TRANSIENT_REASONS = frozenset[str]().union(*(rule.reasons for rule in RECORD_RULES))
# So many requests in a row that servers fail at, of those they have failed at before, and no more are sent.
MAX_FAILURES = 3
# What one record may be refused for because another that goes at the same time was to be changed before.
ORDER_CODES = frozenset(("DUPLICATE_VALUE",))
HINTS = {
    "REQUIRED_FIELD_MISSING": "Give these fields a value.",
    "STRING_TOO_LONG": "Shorten the text to the field's length.",
    "DUPLICATE_VALUE": "Another record has this value in a unique field.",
    "DUPLICATES_DETECTED": "A duplicate rule of the org found a similar record.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule of the org refused the record; DETAIL has its text.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Use one of the picklist's values: see _picklist_values.",
    "ENTITY_IS_DELETED": "The record was deleted in Salesforce.",
    "INVALID_CROSS_REFERENCE_KEY": "A lookup names a record that does not exist or that the user may not see.",
    "MALFORMED_ID": "A lookup holds something that is no id of the right object.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "In Salesforce, give the integration user access to the record.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "In Salesforce, give the integration user write access to the field.",
}


@dataclass
class Queue:
    """The changes of one statement on a live table. Each knows the savepoint level at which it was made."""

    connection: Connection
    sobject: str
    all_or_none: bool
    batch_size: int
    operation: str = ""
    waiting: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    sent_count: int = 0
    stored_count: int = 0

    def add(self, operation: str, record: dict[str, Any], level: int) -> None:
        """Queue a change; a full request goes at once. A record that is in the queue already starts a new request."""
        twice = "Id" in record and any(record["Id"] == queued.get("Id") for _, queued in self.waiting)
        if twice or operation != self.operation or len(self.waiting) >= self.batch_size:
            self.flush()
        self.operation = operation
        self.waiting.append((level, record))

    def flush(self) -> list[dict[str, Any]]:
        """Send what waits. Raises for the first record that Salesforce rejects."""
        records, self.waiting = [record for _, record in self.waiting], []
        operation, compares, _ = self.operation.partition(" what differs")
        if compares:
            records = self._differing(records)
        if not records:
            return []
        try:
            client = self.connection.client.charged(Purpose("write", self.sobject))
            results = client.save(operation, self.sobject, records, all_or_none=self.all_or_none)
        except RequestError as error:
            raise self._failed(error, len(records)) from error
        self._judge(results)
        return results

    def undo(self, level: int) -> None:
        """Forget what was queued at a savepoint level or above it; 0: the statement is over."""
        self.waiting = [change for change in self.waiting if change[0] < level]
        if level == 0:
            self.sent_count = self.stored_count = 0

    def _differing(self, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of rows with all their columns, the values that are not what Salesforce has."""
        fields = dict.fromkeys(name for record in records for name in record)
        ids = ", ".join(soql.quoted(record["Id"]) for record in records)
        statement = soql.Select(tuple(fields), self.sobject, (f"Id IN ({ids})",)).text()
        client = self.connection.client.charged(Purpose("write", self.sobject))
        stored = {found["Id"]: found for page in client.pages(statement) for found in page.records}
        changed = [{name: value for name, value in record.items()
                    if name == "Id" or not types.is_same(value, stored.get(record["Id"], {}).get(name))}
                   for record in records]
        return [record for record in changed if len(record) > 1]

    def _judge(self, results: Sequence[Mapping[str, Any]]) -> None:
        refused = [(row, result) for row, result in enumerate(results, self.sent_count + 1)
                   if result.get("success") is not True]
        self.sent_count += len(results)
        if not (refused and self.all_or_none):
            self.stored_count += len(results) - len(refused)
        if refused:
            row, result = next((one for one in refused if first_error(one[1])[0] != ROLLED_BACK), refused[0])
            raise rejection(self.operation.split()[0], self.sobject, f"row {row} of the statement", result,
                            self.stored_count)

    def _failed(self, error: RequestError, count: int) -> RequestError:
        first = self.sent_count + 1
        rows = f"row {first}" if count == 1 else f"rows {first} to {first + count - 1}"
        parts = (error.detail, f"It was the request for {rows}.", already_stored(self.stored_count))
        detail = " ".join(part for part in parts if part)
        if error.is_in_doubt:
            return RequestInDoubt(f'it is not known whether records of object "{self.sobject}" were stored: {error}',
                                  detail=detail, status=error.status, code=error.code)
        return type(error)(str(error), detail=detail, hint=error.hint, status=error.status, code=error.code)


def rejection(operation: str, sobject: str, place: str, result: Mapping[str, Any], stored_count: int) -> RecordRejected:
    """The error of a statement one of whose records Salesforce has rejected. place: which one that was."""
    code, message, fields = first_error(result)
    named = f" (fields: {', '.join(fields)})" if fields else ""
    kind = RecordLocked if code in LOCK_CODES else RecordRejected
    return kind(f'could not {operation} a record of object "{sobject}"',
                detail=f"Salesforce answered: {code}: {printable(message)}{named} for {place}. "
                       f"{already_stored(stored_count)}", hint=HINTS.get(code))


def already_stored(count: int) -> str:
    return "No row was stored." if not count else f"{count} row{'s were' if count > 1 else ' was'} already stored."


def first_error(result: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """Code, message and fields of a record's first error."""
    errors = result.get("errors")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    fields = error.get("fields")
    return (str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN"), str(error.get("message") or ""),
            [str(name) for name in fields] if isinstance(fields, list) else [])


# --- _write ---

# What is answered to a bundle.
Answers = list[list[dict[str, Any]] | RequestError] | RequestError


def send_entries(connection: Connection, entries: Sequence[Entry], size: int) -> Iterator[Outcome]:
    """Send in order of position. Once a request goes unanswered nothing more is sent, but for a few suspects."""
    sender = Sender(connection)
    groups = requests_of(sorted(entries, key=lambda entry: entry.position), size)
    parallel = connection.settings.parallel_requests if connection.host.has_threads else 1
    for wave in waves_of(bundles_of(groups, MAX_COLLECTIONS), parallel):
        if len(wave) == 1:
            yield from sender.send_bundle(wave[0])
        else:
            yield from sender.send_wave(wave)


@dataclass
class Sender:
    """The requests of one batch. failed: why nothing more is sent."""

    connection: Connection
    failed: RequestError | None = None
    divisions_left: int = 0
    failure_count: int = 0

    def send_bundle(self, bundle: Bundle) -> Iterator[Outcome]:
        """Send groups of entries together, dividing each that is refused for its contents within a number of calls."""
        self.divisions_left = MAX_DIVISIONS * len(bundle)
        yield from self.send(bundle)

    def send_wave(self, wave: Sequence[Bundle]) -> Iterator[Outcome]:
        """Send bundles at the same time. What another had perhaps not yet given up a value for goes once more."""
        if self.failed is not None:
            for entry in chain.from_iterable(chain.from_iterable(wave)):
                yield _unsent(entry, self.failed)
            return
        early: list[Entry] = []
        for bundle, saved in zip(wave, self._saved_at_once(wave), strict=True):
            self.divisions_left = MAX_DIVISIONS * len(bundle)
            for outcome in self._taken(bundle, saved):
                if outcome.status_code in ORDER_CODES:
                    early.append(outcome.entry)
                else:
                    yield outcome
        groups = requests_of(early, MAX_BATCH)
        while rest := list(islice(groups, MAX_COLLECTIONS)):
            yield from self.send_bundle(rest)

    def send(self, bundle: Bundle) -> Iterator[Outcome]:
        """Send groups of entries together; each is judged by its own answer."""
        if self.failed is not None:
            for entry in chain.from_iterable(bundle):
                yield _unsent(entry, self.failed)
            return
        yield from self._taken(bundle, self._answers(bundle))

    def _taken(self, bundle: Bundle, answers: Answers) -> Iterator[Outcome]:
        if isinstance(answers, RequestError):
            if len(bundle) > 1 and (_is_about_records(answers) or answers.status == TOO_LARGE):
                for group in bundle:
                    yield from self.send([group])
                return
            answers = [answers] * len(bundle)
        for group, answer in zip(bundle, answers, strict=True):
            yield from self._judged(group, answer)

    def _saved_at_once(self, wave: Sequence[Bundle]) -> list[Answers]:
        client = self._client(chain.from_iterable(wave))
        found = client.save_at_once([[_collection(group) for group in bundle] for bundle in wave])
        return [_unready(saved) if isinstance(saved, Error) else saved for saved in found]

    def _client(self, groups: Iterable[list[Entry]]) -> Client:
        names = {entry.object_name for entry in chain.from_iterable(groups)}
        return self.connection.client.charged(Purpose("write", names.pop() if len(names) == 1 else None))

    def _answers(self, bundle: Bundle) -> Answers:
        """What Salesforce answers to each group, or why it answers none: one request."""
        client = self._client(bundle)
        try:
            if len(bundle) > 1:
                return client.save_together([_collection(group) for group in bundle])
            one = _collection(bundle[0])
            return [client.save(one.operation, one.sobject, one.records, all_or_none=False,
                                external_id_field=one.external_id_field)]
        except (AuthenticationError, BudgetExhausted, RequestError) as error:
            return _unready(error)

    def _judged(self, group: list[Entry], answer: list[dict[str, Any]] | RequestError) -> Iterator[Outcome]:
        """What became of each entry; a group refused for what one record holds is divided and sent again."""
        if not isinstance(answer, RequestError):
            self.failure_count = 0
            yield from map(_outcome, group, answer)
            return
        parts = _divided(group, answer) if self.divisions_left > 0 else []
        self.divisions_left -= bool(parts)
        for part in parts:
            yield from self.send([part])
        if not parts:
            yield from (_unanswered(entry, answer) for entry in group)
            if not _is_about_records(answer):
                self._note_failure(group, answer)

    def _note_failure(self, group: Sequence[Entry], error: RequestError) -> None:
        """What servers answer about a suspect may concern it alone: the next ones show it. Silence ends all."""
        self.failure_count += 1
        is_answered = error.status is not None and (error.status >= 500 or error.reason == "unreadable")
        if not (is_answered and group[0].is_suspect) or self.failure_count >= MAX_FAILURES:
            self.failed = self.failed or error


def _unready(error: Error) -> RequestError:
    """What kept a request from being sent, as an answer to it. Other errors are none of the records' business."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, AuthenticationError | BudgetExhausted):
        return RequestError(str(error), code=error.sqlstate, is_transient=True)
    raise error


def _collection(group: Sequence[Entry]) -> Collection:
    texts = [entry.text or types.json_text(entry.record) for entry in group]
    return Collection(group[0].operation, group[0].object_name, [entry.record for entry in group],
                      group[0].external_id_field, texts)


def _is_about_records(error: RequestError) -> bool:
    return error.status == 400 and error.code in DIVISIBLE_CODES


def _divided(group: list[Entry], error: RequestError) -> list[list[Entry]]:
    """The request in two, so that entries which are not at fault get through; nothing when that is no use."""
    if len(group) == 1 or not _is_about_records(error):
        return []
    guilty = [entry for entry in group if {name.lower() for name in entry.record} & set(map(str.lower, error.fields))]
    innocent = [entry for entry in group if entry not in guilty]
    if guilty and innocent:
        return [innocent, guilty]
    return [] if guilty else [group[: len(group) // 2], group[len(group) // 2:]]


def _unsent(entry: Entry, error: RequestError) -> Outcome:
    return Outcome(entry, success=False, status_code="NOT_SENT", is_transient=True,
                   message=f"not sent, because an earlier request failed: {error}")


def _unanswered(entry: Entry, error: RequestError) -> Outcome:
    message = f"{error}: {error.detail}" if error.detail else str(error)
    return Outcome(entry, success=None if error.is_in_doubt else False, http_status=error.status,
                   status_code=error.code or (error.reason or error.sqlstate).upper(), message=message,
                   fields=error.fields, is_transient=error.is_transient or error.status is None
                   or error.code in TRANSIENT_RECORD_CODES
                   or (error.reason in TRANSIENT_REASONS and error.status not in LASTING))


def _outcome(entry: Entry, result: Mapping[str, Any]) -> Outcome:
    if result.get("success") is True:
        created = result.get("created", entry.operation == "insert")
        return Outcome(entry, str(result["id"]) if result.get("id") else None, True, created is True,
                       http_status=201 if created is True else 200)
    code, message, fields = first_error(result)
    return Outcome(entry, success=False, status_code=code, http_status=400, message=printable(message),
                   fields=tuple(fields), is_transient=code in TRANSIENT_RECORD_CODES)
