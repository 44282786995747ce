"""Salesforce's REST resources as functions: queries page by page, describes, limits, replication, collections."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sffdw.answers import Answer, refused
from sffdw.calls import LIVE, Purpose, rows_in
from sffdw.errors import Error, ObjectUnknown, RequestError, UnreadableAnswer
from sffdw.transport import Request, Transport
from sffdw.types import json_text, storable

# Salesforce refuses URI and headers beyond 16,384 bytes together; what is longer goes as the body of a Composite.
MAX_URI_BYTES = 14_000
# URI Too Long, Request Header Fields Too Large.
TOO_LONG = (414, 431)
# A Composite request takes at most this many subrequests, so many of them Collections, and costs one API call.
MAX_SUBREQUESTS = 25
MAX_COLLECTIONS = 5
BATCH_HEADER = {"Sforce-Query-Options": "batchSize=2000"}
# Without it the active assignment rules give records that are created or changed through REST to other owners.
UNASSIGNED_HEADER = {"Sforce-Auto-Assign": "FALSE"}
# getDeleted and getUpdated give at most 600,000 ids; a window with more is halved down to this.
SHORTEST_WINDOW = dt.timedelta(minutes=2)

# A describe, None where it has not changed, and its Last-Modified.
Told = tuple[dict[str, Any] | None, str | None]
# Of each Collection of a request its results, or why it failed; or why the request did.
Saved = list[list[dict[str, Any]] | RequestError] | Error


@dataclass(frozen=True)
class Page:
    """Rows of a query's result; next_url is None on the last page."""

    records: list[dict[str, Any]]
    total: int
    next_url: str | None


@dataclass(frozen=True)
class Deletions:
    """What getDeleted knows: (id, time as ISO 8601 text) pairs, and the bounds of its knowledge."""

    records: list[tuple[str, str]]
    latest_covered_at: str | None
    earliest_available_at: str | None


@dataclass(frozen=True)
class Collection:
    """At most 200 records of one object to create, update, upsert or delete. Ids to delete stand in `Id` of each."""

    operation: str
    sobject: str
    records: Sequence[Mapping[str, Any]]
    external_id_field: str | None = None
    # The same records as JSON, where they came as that.
    texts: Sequence[str] | None = None

    def request(self, *, all_or_none: bool) -> tuple[str, str, str | None]:
        """Method, path with query, and body."""
        if self.operation == "delete":
            ids = ",".join(quote(str(record["Id"]), safe="") for record in self.records)
            return "DELETE", f"composite/sobjects?ids={ids}&allOrNone={'true' if all_or_none else 'false'}", None
        method, path = {"insert": ("POST", "composite/sobjects"), "update": ("PATCH", "composite/sobjects"),
                        "upsert": ("PATCH", f"composite/sobjects/{self.sobject}/{self.external_id_field}"),
                        }[self.operation]
        kind = f'{{"attributes":{{"type":{json_text(self.sobject)}}}'
        # Of each text all but its opening bracket.
        texts = self.texts or map(json_text, self.records)
        typed = ",".join(kind + (text[1:] if text == "{}" else "," + text[1:]) for text in texts)
        return method, path, f'{{"allOrNone":{"true" if all_or_none else "false"},"records":[{typed}]}}'

    def results(self, found: Any, status: int) -> list[dict[str, Any]]:
        """One result a record, in order; another number of them tells nothing about any."""
        if not isinstance(found, list) or len(found) != len(self.records):
            raise UnreadableAnswer("Salesforce answered with another number of results than records", status=status,
                                   is_in_doubt=True)
        return found


@dataclass(frozen=True)
class Part:
    """The answer to one subrequest of a Composite."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def content(self) -> Any:
        """The body; a failure is raised as if the subrequest had been sent alone."""
        if self.status >= 300:
            error: Error = refused(self.status, self.body)
            raise error
        return self.body


class Client:
    """One user's view of one org, with the purpose that its calls are counted under."""

    def __init__(self, transport: Transport, api_version: str, purpose: Purpose = LIVE, *,
                 assigns: bool = False) -> None:
        self.transport = transport
        self._root = f"/services/data/v{api_version}/"
        self._version = api_version
        self.purpose = purpose
        self._assigns = assigns

    def charged(self, purpose: Purpose) -> "Client":
        """The same client for calls of another purpose."""
        return Client(self.transport, self._version, purpose, assigns=self._assigns)

    def _call(self, method: str, path: str, **request: Any) -> Answer:
        try:
            answer = self.transport.call(method, path, purpose=self.purpose, **request)
        except RequestError as error:
            if error.code == "NOT_FOUND":
                self._check_version()
            raise
        try:
            self.transport.ledger.add(self.purpose, rows=rows_in(answer.json()))
        finally:
            self.transport.ledger.enter_rest()
        return answer

    def _check_version(self) -> None:
        """An API version that Salesforce does not know makes every resource NOT_FOUND."""
        served = {str(version.get("version")) for version in self.transport.call_openly("/services/data").json()}
        if self._version not in served:
            raise RequestError(f'Salesforce does not serve api_version "{self._version}"',
                               hint=f"Set the server option api_version to one of {_range(served)}.")

    # --- queries ---

    def query(self, statement: str, *, has_deleted: bool = False) -> Page:
        """The first page of a result. A statement too long for a URI goes inside a Composite request."""
        resource = "queryAll" if has_deleted else "query"
        url = f"{self._root}{resource}?q={quote(statement)}"
        if len(url) <= MAX_URI_BYTES:
            try:
                return self._page(self._call("GET", resource, params={"q": statement}, headers=BATCH_HEADER))
            except RequestError as error:
                # A proxy may allow less than Salesforce does.
                if error.status not in TOO_LONG:
                    raise
        request = {"method": "GET", "url": url, "referenceId": "page"}
        answer = self._call("POST", "composite", body={"compositeRequest": [request]})
        return _page(_composite_parts(answer, 1)[0].content(), answer)

    def more(self, next_url: str) -> Page:
        """The page at a nextRecordsUrl."""
        return self._page(self._call("GET", next_url, headers=BATCH_HEADER))

    def pages(self, statement: str, *, has_deleted: bool = False) -> Iterator[Page]:
        page = self.query(statement, has_deleted=has_deleted)
        while True:
            yield page
            if page.next_url is None:
                return
            page = self.more(page.next_url)

    def _page(self, answer: Answer) -> Page:
        return _page(answer.json(), answer)

    # --- metadata ---

    def describe_global(self) -> list[dict[str, Any]]:
        return list(_dict(self._call("GET", "sobjects"))["sobjects"])

    def describe(self, sobject: str, if_modified_since: str | None) -> Told:
        """An object's describe and its Last-Modified; no describe when it has not changed since that time."""
        headers = {"If-Modified-Since": if_modified_since} if if_modified_since else None
        try:
            answer = self._call("GET", f"sobjects/{quote(sobject)}/describe", headers=headers)
        except RequestError as error:
            if error.code == "NOT_FOUND":
                raise ObjectUnknown(f'object "{sobject}" does not exist in Salesforce', detail=error.detail,
                                    status=error.status, code=error.code) from error
            raise
        if answer.status == 304:
            return None, if_modified_since
        return _dict(answer), answer.headers.get("Last-Modified")

    def describe_all(self, asked: Mapping[str, str | None]) -> dict[str, Told | None]:
        """What describe() gives, for objects with the time to ask by: 25 an API call. None: the object is unknown."""
        names = list(asked)
        found: dict[str, Told | None] = {}
        for start in range(0, len(names), MAX_SUBREQUESTS):
            some = names[start:start + MAX_SUBREQUESTS]
            requests = [_describe_request(f"{self._root}sobjects/{quote(name)}/describe", place, asked[name])
                        for place, name in enumerate(some)]
            answer = self._call("POST", "composite", body={"compositeRequest": requests})
            found |= {name: _part_describe(part, asked[name])
                      for name, part in zip(some, _composite_parts(answer, len(some)), strict=True)}
        return found

    def limits(self) -> dict[str, dict[str, Any]]:
        return _dict(self._call("GET", "limits"))

    def record_counts(self, sobjects: Sequence[str]) -> dict[str, int]:
        """Approximate counts by API name; Salesforce leaves out objects that it has no count of."""
        params = {"sObjects": ",".join(sobjects)} if sobjects else None
        found = _dict(self._call("GET", "limits/recordCount", params=params))
        return {str(entry["name"]): int(entry["count"]) for entry in found.get("sObjects") or []}

    # --- replication ---

    def deleted(self, sobject: str, start: dt.datetime, end: dt.datetime) -> Deletions:
        """Ids deleted in a window, halved where Salesforce finds it too wide."""
        try:
            found = self._replicated(sobject, "deleted", start, end)
        except RequestError as error:
            if error.code != "EXCEEDED_ID_LIMIT" or end - start < SHORTEST_WINDOW:
                raise
            middle = start + (end - start) / 2
            early, late = self.deleted(sobject, start, middle), self.deleted(sobject, middle, end)
            return Deletions(early.records + late.records, late.latest_covered_at, early.earliest_available_at)
        records = [(str(entry["id"]), str(entry["deletedDate"])) for entry in found["deletedRecords"]]
        return Deletions(records, found.get("latestDateCovered"), found.get("earliestDateAvailable"))

    def updated(self, sobject: str, start: dt.datetime, end: dt.datetime) -> tuple[list[str], str | None]:
        """Ids created or updated in a window, and up to when that is complete."""
        try:
            found = self._replicated(sobject, "updated", start, end)
        except RequestError as error:
            if error.code != "EXCEEDED_ID_LIMIT" or end - start < SHORTEST_WINDOW:
                raise
            middle = start + (end - start) / 2
            early, _ = self.updated(sobject, start, middle)
            late, covered = self.updated(sobject, middle, end)
            return list(dict.fromkeys(early + late)), covered
        return list(map(str, found["ids"])), found.get("latestDateCovered")

    def _replicated(self, sobject: str, kind: str, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
        params = {"start": start.isoformat(timespec="seconds"), "end": end.isoformat(timespec="seconds")}
        return _dict(self._call("GET", f"sobjects/{quote(sobject)}/{kind}/", params=params))

    # --- changes ---

    def save(self, operation: str, sobject: str, records: Sequence[Mapping[str, Any]], *, all_or_none: bool,
             external_id_field: str | None = None) -> list[dict[str, Any]]:
        """Create, update, upsert or delete at most 200 records; one result a record, in order.

        Ids to delete stand in `Id` of each record. Raises only when the request failed as a whole.
        """
        collection = Collection(operation, sobject, records, external_id_field)
        method, path, body = collection.request(all_or_none=all_or_none)
        answer = self._call(method, path, body=None if body is None else body.encode(), is_read=False,
                            headers=self._change_headers())
        return collection.results(answer.json(), answer.status)

    def save_together(self, collections: Sequence[Collection]) -> list[list[dict[str, Any]] | RequestError]:
        """Send at most MAX_COLLECTIONS as one Composite request, which carries them out in order, each on its own.

        Of each its results, or why it failed. Raises only when the Composite failed as a whole.
        """
        method, path, content = self._composite(collections)
        answer = self._call(method, path, body=content, is_read=False)
        return _all_results(collections, answer)

    def save_at_once(self, bundles: Sequence[Sequence[Collection]]) -> list[Saved]:
        """Send bundles at the same time, each as save_together does. Of each what that gives or raises."""
        found: list[Saved] = []
        wanted = [self._composite(bundle) for bundle in bundles]
        for bundle, answer in zip(bundles, self.transport.change_at_once(wanted, self.purpose), strict=True):
            try:
                if isinstance(answer, Error):
                    raise answer
                self.transport.ledger.add(self.purpose, rows=rows_in(answer.json()))
                found.append(_all_results(bundle, answer))
            except Error as error:
                found.append(error)
        self.transport.ledger.enter_rest()
        return found

    def _change_headers(self) -> Mapping[str, str]:
        return {} if self._assigns else UNASSIGNED_HEADER

    def _composite(self, collections: Sequence[Collection]) -> Request:
        parts = []
        # Subrequests do not inherit headers.
        headers = json_text(self._change_headers())
        for place, collection in enumerate(collections):
            method, path, body = collection.request(all_or_none=False)
            given = "" if body is None else f',"body":{body}'
            url = json_text(self._root + path)
            parts.append(f'{{"method":"{method}","url":{url},"httpHeaders":{headers},'
                         f'"referenceId":"part{place}"{given}}}')
        return "POST", "composite", f'{{"allOrNone":false,"compositeRequest":[{",".join(parts)}]}}'.encode()


def _all_results(collections: Sequence[Collection], answer: Answer) -> list[list[dict[str, Any]] | RequestError]:
    parts = _composite_parts(answer, len(collections))
    return [_part_results(collection, part) for collection, part in zip(collections, parts, strict=True)]


def _range(versions: set[str]) -> str:
    ordered = sorted(versions, key=float)
    return f"{ordered[0]} to {ordered[-1]}" if ordered else "the versions it lists"


def _dict(answer: Answer) -> dict[str, Any]:
    found = answer.json()
    if not isinstance(found, dict):
        raise UnreadableAnswer("Salesforce answered with something else than was asked for", status=answer.status)
    return storable(found) if answer.has_unstorable_text() else found


def _page(found: Any, answer: Answer) -> Page:
    if not isinstance(found, dict) or not isinstance(found.get("records"), list):
        raise UnreadableAnswer("Salesforce answered a query with something else than rows", status=answer.status)
    records = storable(found["records"]) if answer.has_unstorable_text() else found["records"]
    next_url = None if found.get("done", True) else found.get("nextRecordsUrl")
    return Page(records, int(found.get("totalSize") or 0), next_url)


def _describe_request(url: str, place: int, if_modified_since: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {"method": "GET", "url": url, "referenceId": f"object{place}"}
    return request | {"httpHeaders": {"If-Modified-Since": if_modified_since}} if if_modified_since else request


def _part_describe(part: Part, if_modified_since: str | None) -> Told | None:
    if part.status == 304:
        return None, if_modified_since
    try:
        body = part.content()
    except RequestError as error:
        if error.code == "NOT_FOUND":
            return None
        raise
    if not isinstance(body, dict) or not isinstance(body.get("fields"), list):
        raise UnreadableAnswer("Salesforce answered with something else than was asked for", status=part.status)
    return body, part.headers.get("Last-Modified")


def _composite_parts(answer: Answer, count: int) -> list[Part]:
    try:
        parts = [Part(int(part["httpStatusCode"]), part["body"], part.get("httpHeaders") or {})
                 for part in _dict(answer)["compositeResponse"]]
    except (KeyError, TypeError, ValueError) as exc:
        raise UnreadableAnswer("Salesforce answered with something else than was asked for", status=answer.status,
                               is_in_doubt=True) from exc
    if len(parts) != count:
        raise UnreadableAnswer("Salesforce answered with another number of parts than requests", status=answer.status,
                               is_in_doubt=True)
    return parts


def _part_results(collection: Collection, part: Part) -> list[dict[str, Any]] | RequestError:
    try:
        return collection.results(part.content(), part.status)
    except RequestError as error:
        return error
