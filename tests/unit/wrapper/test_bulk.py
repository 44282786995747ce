"""Bulk jobs and their pages, over a transport that answers from a list: what CSV does to values, and cuts to pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sffdw import bulk as bulk_module
from sffdw.answers import refused
from sffdw.bulk import Bulk, Page
from sffdw.calls import Purpose
from sffdw.errors import BulkUnsupported, Error, FieldUnknown, JobLost, RequestError, UnreadableAnswer
from sffdw.extract import shaped
from sffdw.planner import Column
from sffdw.types import json_text

CUT = RequestError("the connection was cut", reason="cut", is_transient=True)


@dataclass
class FakeBody:
    parts: list[Any]
    headers: Mapping[str, str]
    status: int = 200
    is_closed: bool = False

    def pieces(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self) -> None:
        self.is_closed = True


def page_body(*parts: Any, count: int | None = None, locator: str = "null", status: int = 200) -> FakeBody:
    headers = {"Sforce-Locator": locator} | ({} if count is None else {"Sforce-NumberOfRecords": str(count)})
    return FakeBody([part.encode() if isinstance(part, str) else part for part in parts], headers, status)


class Reply:
    def __init__(self, content: Any) -> None:
        self.content = content

    def json(self) -> Any:
        return self.content


@dataclass
class Tallies:
    """How many rows were counted for which purpose, and entered."""

    rows: dict[Purpose, int] = field(default_factory=dict)
    entered: int = 0

    def add(self, purpose: Purpose, *, rows: int) -> None:
        self.rows[purpose] = self.rows.get(purpose, 0) + rows

    def enter_rest(self) -> None:
        self.entered = sum(self.rows.values())


@dataclass
class Wire:
    """Answers in turn: bodies to stream(), contents to call(), exceptions to both."""

    answers: list[Any]
    seen: list[tuple[str, str, Any]] = field(default_factory=list)

    ledger: Tallies = field(default_factory=Tallies)

    def call(self, method: str, path: str, *, purpose: Purpose, body: Any = None, is_read: bool = True) -> Reply:
        return Reply(self._next(method, path, body))

    def stream(self, path: str, *, params: Mapping[str, str], purpose: Purpose) -> FakeBody:
        found = self._next("GET", path, dict(params))
        assert isinstance(found, FakeBody)
        return found

    def _next(self, *request: Any) -> Any:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeClient:
    def __init__(self, wire: Wire) -> None:
        self.transport = wire
        self.purpose = Purpose("load", "Account")


def bulk_with(*answers: Any) -> tuple[Bulk, Wire]:
    wire = Wire(list(answers))
    return Bulk(FakeClient(wire)), wire  # type: ignore[arg-type]


JOB = {"id": "750000000000001AAA", "operation": "query", "object": "Account", "state": "UploadComplete",
       "createdDate": "2026-01-31T00:00:00.000+0000"}


def rows_of(page: Page) -> list[list[str]]:
    return [list(row) for block in page.blocks for row in zip(*block, strict=True)]


def read(text: str | bytes, **columns: str) -> list[tuple[Any, ...]]:
    """The rows of one page with these columns: name=type."""
    bulk, _ = bulk_with(page_body(text))
    page = bulk.page("750", None, None)
    places: dict[str, Column | None] = {name.lower(): Column(name.lower(), name, kind)
                                        for name, kind in columns.items()}
    return list(shaped(page, places, {}))


def test_rows_of_a_page_are_counted_for_the_jobs_purpose() -> None:
    bulk, wire = bulk_with(page_body("Name\n" + "a\n" * 2500))
    assert len(rows_of(bulk.page("750", None, None))) == 2500
    assert wire.ledger.rows == {Purpose("load", "Account"): 2500}
    assert wire.ledger.entered == 2500


def test_a_job_is_created_as_salesforce_wants_it() -> None:
    bulk, wire = bulk_with(JOB)
    assert bulk.create("SELECT Id FROM Account", has_deleted=True).job_id == JOB["id"]
    method, path, body = wire.seen[0]
    assert (method, path) == ("POST", "jobs/query")
    assert body == {"operation": "queryAll", "query": "SELECT Id FROM Account", "contentType": "CSV",
                    "columnDelimiter": "COMMA", "lineEnding": "LF"}


@pytest.mark.parametrize(("code", "message", "want"), [
    ("INVALIDENTITY", "Entity 'CaseStatus' is not supported by the Bulk API.", BulkUnsupported),
    ("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query", BulkUnsupported),
    ("API_ERROR", "Implementation restriction: ContentDocumentLink requires a filter by a single Id", BulkUnsupported),
    ("API_ERROR", "Something else went wrong", RequestError),
    ("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been exceeded", RequestError)])
def test_case_56_what_only_rest_can_answer_is_known(code: str, message: str, want: type[Error]) -> None:
    bulk, _ = bulk_with(refused(400, [{"errorCode": code, "message": message}]))
    with pytest.raises(want) as caught:
        bulk.create("SELECT Id FROM CaseStatus")
    assert (caught.value.sqlstate == "SF016") == (want is BulkUnsupported)
    assert message in str(caught.value.detail)


@pytest.mark.parametrize(("status", "code", "want"), [
    (404, "NOT_FOUND", JobLost), (409, "API_ERROR", JobLost), (400, "INVALID_QUERY_LOCATOR", JobLost),
    (400, "INVALIDJOBSTATE", RequestError), (500, "UNKNOWN_EXCEPTION", RequestError)])
def test_a_lost_job_is_told_from_other_trouble(status: int, code: str, want: type[Error]) -> None:
    bulk, _ = bulk_with(refused(status, [{"errorCode": code, "message": "no"}]))
    with pytest.raises(want) as caught:
        bulk.page("750", "abc", None)
    assert (caught.value.sqlstate == "SF015") == (want is JobLost)


def test_a_failed_jobs_result_is_lost() -> None:
    body = page_body(status=204)
    bulk, _ = bulk_with(body)
    with pytest.raises(JobLost):
        bulk.page("750", None, None)
    assert body.is_closed


def test_case_60_pages_name_the_next_one_until_the_word_null() -> None:
    bulk, wire = bulk_with(page_body('"Id"\n"a"\n', count=1, locator="MQ"), page_body('"Id"\n"b"\n', count=1))
    first = bulk.page("750", None, 1)
    assert rows_of(first) == [["a"]]
    assert first.next_locator == "MQ"
    second = bulk.page("750", first.next_locator, 1)
    assert rows_of(second) == [["b"]]
    assert second.next_locator is None
    assert [request[2] for request in wire.seen] == [{"maxRecords": "1"}, {"locator": "MQ", "maxRecords": "1"}]


@pytest.mark.parametrize("text", ['"Id"\n', "", "Records not found for this query\n"])
def test_case_60_a_result_without_rows_is_empty(text: str) -> None:
    bulk, _ = bulk_with(page_body(text, count=0))
    assert rows_of(bulk.page("750", None, None)) == []
    assert read(text, Id="id") == [], "a line that is no header names no fields"


@pytest.mark.parametrize(("text", "value"), [
    ('""', None), ("", None), ('"NA"', "NA"), ('"null"', "null"), ('"None"', "None"), ('" "', " "),
    ('"01234"', "01234"), ('"800000000000000001"', "800000000000000001"),
    ('"a\nb"', "a\nb"), ('"a\r\nb"', "a\r\nb"), ('"a ""quoted"", text"', 'a "quoted", text'), ('"a\rb"', "a\rb"),
    ('"a\u2028b\x0bc\x85d"', "a\u2028b\x0bc\x85d"), ('"a\0b"', "a\ufffdb"), (f'"{"x" * 400_000}"', "x" * 400_000),
    ('"ü – 漢字"', "ü – 漢字"), ('"a;b"', "a;b")],
    ids=["case 26 empty", "case 26 bare", "case 27 NA", "case 27 null", "case 27 None", "blank", "case 28 zip",
         "case 28 digits", "case 29 LF", "case 29 CRLF", "case 29 quotes", "case 29 CR", "case 29 other lines",
         "case 30 NUL", "case 31 huge", "utf-8", "case 42 multi"])
def test_cases_26_to_31_texts_arrive_as_they_are(text: str, value: str | None) -> None:
    # Where quotes are inside some value a page is read in another way.
    for first, stored in (('"first"', "first"), ('"""first"""', '"first"')):
        assert read(f'"Id","Name"\n"0",{first}\n"a",{text}\n"b","end"\n', Id="id", Name="string") == [
            ("0", stored), ("a", value), ("b", "end")]


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("int", "0.0", "0"), ("int", "5.0", "5"), ("int", "-3.0", "-3"), ("int", "1.2E3", "1200"), ("int", "7", "7"),
    ("int", "", None), ("int", "5.5", "5.5"), ("double", "2.69E9", "2.69E9"), ("currency", "0.10", "0.10"),
    ("double", "NaN", "NaN"), ("boolean", "true", "true"), ("date", "4000-12-31", "4000-12-31"),
    ("datetime", "2024-01-31T00:00:00.000Z", "2024-01-31T00:00:00.000Z"),
    ("datetime", "1706659200000", "2024-01-31T00:00:00.000+00:00"),
    ("datetime", "-1000", "1969-12-31T23:59:59.000+00:00"), ("time", "10:00:00.000Z", "10:00:00.000")],
    ids=["case 32 zero", "case 32 whole", "case 32 negative", "case 32 exponent", "int", "NULL", "no whole number",
         "case 35 scientific", "case 34 scale", "case 33 NaN", "boolean", "case 36 far", "case 37 Z", "case 37 epoch",
         "case 37 before 1970", "case 38 time"])
def test_cases_32_to_38_values_take_the_form_that_postgresql_reads(kind: str, text: str, value: str | None) -> None:
    assert read(f'"Id","F"\n"a","{text}"\n', Id="id", F=kind) == [("a", value)]


def test_columns_are_found_by_name_and_constants_stand_beside_them() -> None:
    bulk, _ = bulk_with(page_body('"NAME","Id","Account.Name"\n"n","a","parent"\n'))
    places = {"id": Column("id", "Id", "id"), "_locator": None, "boss": Column("boss", "Account.Name", "anyType"),
              "name": Column("name", "Name", "string"), "unasked": None}
    assert list(shaped(bulk.page("750", None, None), places, {"_locator": ""})) == [("a", "", "parent", "n", None)]


def test_rows_without_any_column_are_still_rows() -> None:
    bulk, _ = bulk_with(page_body('"Id"\n"a"\n"b"\n'))
    assert list(shaped(bulk.page("750", None, None), {"x": None}, {"x": "1"})) == [("1",), ("1",)]


def test_a_column_that_the_job_did_not_select_is_an_error() -> None:
    bulk, _ = bulk_with(page_body('"Id"\n"a"\n'))
    with pytest.raises(FieldUnknown) as caught:
        list(shaped(bulk.page("750", None, None), {"name": Column("name", "Name", "string")}, {}))
    assert "Name" in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert read('\ufeff"Id"\n"a"\n', Id="id") == [("a",)]


def test_characters_may_be_cut_between_pieces() -> None:
    encoded = '"Id"\n"ä漢"\n'.encode()
    bulk, _ = bulk_with(page_body(*(encoded[place:place + 1] for place in range(len(encoded))), count=1))
    assert rows_of(bulk.page("750", None, None)) == [["ä漢"]]


@pytest.mark.parametrize("trouble", [
    pytest.param(page_body('"Id"\n"a"\n"b"\n"', CUT, count=4), id="cut inside a row"),
    pytest.param(page_body('"Id"\n"a"\n', count=4), id="fewer rows than announced"),
    pytest.param(page_body('"Id"\n"a"\n"b', count=4), id="end inside a value"),
    pytest.param(page_body('"Id"\n', CUT, count=4), id="cut before the first row")])
def test_case_62_a_page_that_ends_too_early_goes_on_behind_the_rows_given(trouble: FakeBody) -> None:
    bulk, wire = bulk_with(trouble, page_body('"Id"\n"a"\n"b"\n"c"\n"d"\n', count=4))
    page = bulk.page("750", "MQ", None)
    assert rows_of(page) == [["a"], ["b"], ["c"], ["d"]]
    assert page.given.count == 4
    assert len(wire.seen) == 2
    assert wire.seen[0] == wire.seen[1]
    assert trouble.is_closed


def test_case_60_a_wrong_count_is_an_error_once_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "PAGE_ATTEMPTS", 2)
    bulk, _ = bulk_with(*(page_body('"Id"\n"a"\n', count=2) for _ in range(2)))
    with pytest.raises(UnreadableAnswer) as caught:
        rows_of(bulk.page("750", None, None))
    assert caught.value.detail == "1 rows came, Sforce-NumberOfRecords says 2."
    assert caught.value.is_transient


def test_a_page_that_stays_ragged_is_an_error() -> None:
    bulk, _ = bulk_with(*(page_body('"Id","Name"\n"a"\n', count=1) for _ in range(bulk_module.PAGE_ATTEMPTS)))
    with pytest.raises(UnreadableAnswer):
        rows_of(bulk.page("750", None, None))


def test_jobs_are_listed_over_all_pages() -> None:
    bulk, wire = bulk_with({"done": False, "records": [JOB], "nextRecordsUrl": "/services/data/v62.0/jobs/query?x=1"},
                           {"done": True, "records": [JOB | {"numberRecordsProcessed": 3}], "nextRecordsUrl": None})
    assert [job.processed_count for job in bulk.jobs()] == [None, 3]
    assert wire.seen[1][1] == "/services/data/v62.0/jobs/query?x=1"


def test_abort_and_delete_reach_the_job() -> None:
    bulk, wire = bulk_with(JOB | {"state": "Aborted"}, None)
    assert bulk.abort("750").is_over()
    bulk.delete("750")
    assert wire.seen == [("PATCH", "jobs/query/750", {"state": "Aborted"}), ("DELETE", "jobs/query/750", None)]


def test_an_answer_that_is_no_job_is_unreadable() -> None:
    bulk, _ = bulk_with([json_text({})])
    with pytest.raises(UnreadableAnswer):
        bulk.job("750")
