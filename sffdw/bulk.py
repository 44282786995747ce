"""Bulk API 2.0 queries: jobs, and the pages of their results as rows of text.

A page is parsed while it arrives and never held as a whole. A page that is cut off, or whose number of rows is not the
one announced, is asked for again and goes on behind the rows already given: results stay the same while the job lives.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any, Self
from urllib.parse import quote

from sffdw.ahead import PageAhead
from sffdw.body import Body
from sffdw.calls import Purpose
from sffdw.client import Client
from sffdw.delimited import Block, PageText, Split
from sffdw.errors import (
    TOO_COMPLICATED,
    BulkUnsupported,
    JobLost,
    LocatorExpired,
    RequestError,
    UnreadableAnswer,
    printable,
)

TERMINAL = ("JobComplete", "Failed", "Aborted")
# Salesforce names the end of a result in a header, as a word.
LAST_LOCATOR = "null"
PAGE_ATTEMPTS = 3

# What Salesforce says of a query that only REST can answer.
UNSUPPORTED_CODES = frozenset((TOO_COMPLICATED, "INVALIDENTITY", "FUNCTIONALITY_NOT_ENABLED", "FEATURENOTENABLED"))
UNSUPPORTED_WORDS = ("not supported by the bulk api", "not supported in bulk", "does not support query",
                     "implementation restriction")
LOST_CODES = frozenset(("NOT_FOUND", "ENTITY_IS_DELETED"))


@dataclass(frozen=True)
class Job:
    """A query job as Salesforce last told of it; processed_count is the number of rows of its result."""

    job_id: str
    operation: str
    object_name: str | None
    state: str
    created_at: str | None
    processed_count: int | None
    failed_count: int | None
    retry_count: int | None
    error_message: str | None

    def is_over(self) -> bool:
        return self.state in TERMINAL


@dataclass
class Given:
    """How many rows of a page have been given so far, and of how many bytes of text."""

    count: int = 0
    size: int = 0

    def measured(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.size += len(piece)
            yield piece


@dataclass(frozen=True)
class Page:
    """A page of a result: blocks of texts by column, '' for NULL. next_locator is None on the last page.

    Once all blocks are read, given.count is the number of rows, and equal to the one that was announced.
    """

    columns: tuple[str, ...]
    next_locator: str | None
    blocks: Iterator[Block]
    given: Given


@dataclass(frozen=True)
class Opened:
    """One attempt at a page."""

    body: Body
    text: PageText


class Bulk:
    """Query jobs of one user."""

    resource = "query"

    def __init__(self, client: Client, split: Split = lambda text, width: None,
                 ahead: PageAhead | None = None) -> None:
        self._client = client
        self._split = split
        self._ahead = ahead

    def charged(self, purpose: Purpose) -> Self:
        """The same for calls of another purpose."""
        return type(self)(self._client.charged(purpose), self._split, self._ahead)

    @property
    def purpose(self) -> Purpose:
        return self._client.purpose

    def _call(self, method: str, path: str, **request: Any) -> Any:
        answer = self._client.transport.call(method, path, purpose=self._client.purpose, **request)
        self._client.transport.ledger.enter_rest()
        return answer

    # --- jobs ---

    def create(self, statement: str, *, has_deleted: bool = False) -> Job:
        """Start a job. Raises BulkUnsupported where only REST can answer the statement."""
        return self._created("the Bulk API does not support this query", {
            "operation": "queryAll" if has_deleted else "query", "query": statement})

    def _created(self, complaint: str, wanted: dict[str, str]) -> Job:
        body = {**wanted, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
        try:
            return _job(self._call("POST", f"jobs/{self.resource}", body=body, is_read=False).json())
        except RequestError as error:
            if not _is_unsupported(error):
                raise
            raise BulkUnsupported(complaint, detail=error.detail, status=error.status, code=error.code) from error

    def job(self, job_id: str) -> Job:
        return _job(self._of_job(job_id, lambda path: self._call("GET", path).json()))

    def jobs(self) -> Iterator[Job]:
        """All jobs of this resource that Salesforce still knows, page by page."""
        path: str | None = f"jobs/{self.resource}"
        while path:
            found = self._call("GET", path).json()
            yield from map(_job, found["records"])
            path = None if found.get("done", True) else found.get("nextRecordsUrl")

    def abort(self, job_id: str) -> Job:
        return self._entered(job_id, "Aborted")

    def _entered(self, job_id: str, state: str) -> Job:
        return _job(self._of_job(job_id, lambda path: self._call(
            "PATCH", path, body={"state": state}, is_read=False).json()))

    def delete(self, job_id: str) -> None:
        if self._ahead:
            self._ahead.drop()
        self._of_job(job_id, lambda path: self._call("DELETE", path, is_read=False))

    def _of_job(self, job_id: str, ask: Callable[[str], Any]) -> Any:
        """Raises JobLost for a job, or a place in its result, that Salesforce does not know any more."""
        try:
            return ask(f"jobs/{self.resource}/{quote(job_id, safe='')}")
        except LocatorExpired as error:
            raise lost(job_id, error) from error
        except RequestError as error:
            if error.code in LOST_CODES or error.status == 409:
                raise lost(job_id, error) from error
            raise

    # --- results ---

    def page(self, job_id: str, locator: str | None, max_records: int | None, *, goes_on: bool = False) -> Page:
        """A page of a finished job's result. Raises JobLost when the result cannot be had from this job any more.

        goes_on: the next page will be asked for in the same way, and may be fetched while this one is read.
        """
        def params(locator: str | None) -> dict[str, str]:
            return {name: str(value) for name, value in (("locator", locator), ("maxRecords", max_records)) if value}

        page = self._result(job_id, "results", params(locator), self._ahead if goes_on else None)
        if goes_on and page.next_locator and self._ahead:
            ahead, following = self._ahead, params(page.next_locator)
            self._of_job(job_id, lambda path: ahead.begin(f"{path}/results", following, self._client.purpose))
        return page

    def _result(self, job_id: str, name: str, params: Mapping[str, str], ahead: PageAhead | None = None) -> Page:
        def asked(path: str) -> Body:
            fetched = ahead and ahead.take(f"{path}/{name}", params)
            return fetched or self._client.transport.stream(
                f"{path}/{name}", params=params, purpose=self._client.purpose)

        def opened() -> Opened:
            body: Body = self._of_job(job_id, asked)
            if body.status == 204:
                body.close()
                raise lost(job_id, None)
            return Opened(body, PageText(given.measured(body.pieces()), self._split))

        given = Given()
        first = _persistent(opened)
        blocks = self._counted(_blocks(first, opened, given))
        return Page(first.text.columns, _locator(first.body.headers), blocks, given)

    def _counted(self, blocks: Iterator[Block]) -> Iterator[Block]:
        ledger = self._client.transport.ledger
        try:
            for block in blocks:
                ledger.add(self._client.purpose, rows=len(block[0]))
                yield block
        finally:
            ledger.enter_rest()


def lost(job_id: str, error: RequestError | None) -> JobLost:
    detail = error.detail if error else "The job failed or was aborted."
    return JobLost(f'the result of Bulk job "{printable(job_id)[:40]}" cannot be had any more', detail=detail,
                   status=error.status if error else 204, code=error.code if error else None)


def _is_unsupported(error: RequestError) -> bool:
    text = (error.detail or "").lower()
    return error.status == 400 and (error.code in UNSUPPORTED_CODES or any(word in text for word in UNSUPPORTED_WORDS))


def _job(found: Any) -> Job:
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise UnreadableAnswer("Salesforce answered with something else than a Bulk job")
    return Job(found["id"], str(found.get("operation")), found.get("object"), str(found.get("state")),
               found.get("createdDate"), _number(found, "numberRecordsProcessed"),
               _number(found, "numberRecordsFailed"), _number(found, "retries"), found.get("errorMessage"))


def _number(found: Mapping[str, Any], name: str) -> int | None:
    return None if found.get(name) is None else int(found[name])


# --- a page ---

def _announced(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Sforce-NumberOfRecords", "")
    return int(text) if text.isdecimal() else None


def _locator(headers: Mapping[str, str]) -> str | None:
    text = headers.get("Sforce-Locator", "")
    return None if text in ("", LAST_LOCATOR) else text


def _persistent(opened: Callable[[], Opened]) -> Opened:
    for _ in range(PAGE_ATTEMPTS - 1):
        try:
            return opened()
        except RequestError as error:
            if not error.is_transient or error.is_final:
                raise
    return opened()


def _blocks(attempt: Opened, opened: Callable[[], Opened], given: Given) -> Iterator[Block]:
    """A page's rows. Where one attempt ends too early the next goes on."""
    for number in count(1):
        try:
            with closing(attempt.body):
                for block in attempt.text.blocks(given.count):
                    given.count += len(block[0])
                    yield block
                _check_count(given.count, _announced(attempt.body.headers))
            return
        except RequestError as error:
            if not error.is_transient or number >= PAGE_ATTEMPTS:
                raise
        columns, attempt = attempt.text.columns, _persistent(opened)
        if attempt.text.columns != columns:
            raise UnreadableAnswer("a page of a Bulk job's result has other columns than before")


def _check_count(given: int, announced: int | None) -> None:
    if announced is not None and given != announced:
        raise UnreadableAnswer("a page of a Bulk job's result has another number of rows than announced",
                               detail=f"{given} rows came, Sforce-NumberOfRecords says {announced}.", reason="count",
                               is_transient=True)
