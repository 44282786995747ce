"""Bulk API 2.0 query: results, pages, refusals, states and faults."""

import base64
import csv
import io
from typing import Any

import pytest

from tests.unit.sandbox.bulk.conftest import Bulk

NASTY = 'A "quoted", one\nand `more^ |;\t'


def test_a_result_has_the_columns_in_select_order_and_every_value_quoted(bulk: Bulk) -> None:
    account = bulk.create("Account", Name='A "x"\nB, c', AnnualRevenue=1.5e7, NumberOfEmployees=5)
    contact = bulk.create("Contact", LastName="Long", AccountId=account, Birthdate="1970-01-31")
    bulk.create("Contact", LastName="Short")
    found = bulk.result(
        "SELECT a.Account.Name, Id, a.IsDeleted, Account.AnnualRevenue, CreatedDate, Birthdate, Account.Owner.Name "
        "FROM Contact a ORDER BY LastName LIMIT 1"
    )
    assert found == (
        '"Account.Name","Id","IsDeleted","Account.AnnualRevenue","CreatedDate","Birthdate","Account.Owner.Name"\n'
        f'"A ""x""\nB, c","{contact}","false","1.5E7","2025-06-18T12:00:00.000Z","1970-01-31","Integration User"\n'
    )
    rows = bulk.rows_of("SELECT LastName, Account.Name, Account.AnnualRevenue FROM Contact WHERE AccountId = null")
    assert rows == [{"LastName": "Short", "Account.Name": "", "Account.AnnualRevenue": ""}]


def test_a_function_is_headed_by_its_alias_or_by_its_field(bulk: Bulk) -> None:
    bulk.create("Account", Name="a", AnnualRevenue=5)
    statement = "SELECT AnnualRevenue, FORMAT(AnnualRevenue) shown, toLabel(Type) FROM Account"
    assert bulk.result(statement) == '"AnnualRevenue","shown","Type"\n"5.0","$5.00",""\n'


def test_nul_characters_reach_the_result(bulk: Bulk) -> None:
    bulk.change({"op": "create", "object": "Account", "values": {"Name": 'a\0"b', "Site": "\0"}}, raw=True)
    bulk.create("Account", Name="plain")
    assert bulk.result("SELECT Name, Site FROM Account") == '"Name","Site"\n"a\0""b","\0"\n"plain",""\n'


def test_columns_were_alphabetical_before_version_50(bulk: Bulk) -> None:
    job = bulk.post("/services/data/v49.0/jobs/query", {"operation": "query", "query": "SELECT Name, Id FROM Account"})
    assert bulk.text(f"/services/data/v49.0/jobs/query/{job['id']}/results") == '"Id","Name"\n'


DOUBLES = [0.0, 1.0, -2.5, 0.1, 999.99, 123.45, 0.01]


def test_numbers_are_those_of_rest(bulk: Bulk) -> None:
    for number in DOUBLES:
        bulk.create("Item__c", Must__c="m", Score__c=number)
    bulk.create("Account", Name="rich", AnnualRevenue=12345678.0, NumberOfEmployees=10**6)
    rows = bulk.rows_of("SELECT Score__c FROM Item__c")
    assert [float(row["Score__c"]) for row in rows] == DOUBLES
    assert bulk.rows_of("SELECT AnnualRevenue, NumberOfEmployees FROM Account") == [
        {"AnnualRevenue": "1.2345678E7", "NumberOfEmployees": "1000000"}
    ]


@pytest.mark.parametrize(
    ("name", "character"),
    [("COMMA", ","), ("TAB", "\t"), ("PIPE", "|"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`")],
)
@pytest.mark.parametrize(("ending", "characters"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_delimiters_and_line_endings(bulk: Bulk, name: str, character: str, ending: str, characters: str) -> None:
    record = bulk.create("Account", Name=NASTY)
    job = bulk.start("SELECT Id, Name FROM Account", columnDelimiter=name, lineEnding=ending)
    assert (job["columnDelimiter"], job["lineEnding"]) == (name, ending)
    text = bulk.text(f"/jobs/query/{job['id']}/results")
    assert text.startswith(f'"Id"{character}"Name"{characters}')
    assert text.endswith(characters)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=character))
    assert rows == [["Id", "Name"], [record, NASTY.strip()]]


def test_pages_repeat_the_header_and_end_with_the_word_null(bulk: Bulk) -> None:
    for number in range(5):
        bulk.create("Account", Name=f"n{number}")
    job = bulk.start("SELECT Name FROM Account ORDER BY Name")["id"]
    seen, locator = [], ""
    while locator != "null":
        reply = bulk.send("GET", f"/jobs/query/{job}/results?maxRecords=2&locator={locator}")
        header, *rows = reply.payload(False).decode().splitlines()
        assert header == '"Name"'
        assert reply.headers["Sforce-NumberOfRecords"] == str(len(rows))
        seen += rows
        locator = reply.headers["Sforce-Locator"]
    assert seen == [f'"n{number}"' for number in range(5)]
    again = bulk.text(f"/jobs/query/{job}/results?locator={base64.b64encode(b'4').decode()}")
    assert again == '"Name"\n"n4"\n'


@pytest.mark.parametrize("locator", ["x", "NQ", "LTE", "Zm9v"])
def test_locators_that_were_not_given_out_are_refused(bulk: Bulk, locator: str) -> None:
    bulk.create("Account", Name="one")
    job = bulk.start("SELECT Name FROM Account")["id"]
    assert bulk.get(f"/jobs/query/{job}/results?locator={locator}")[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_no_rows_give_the_header_alone(bulk: Bulk) -> None:
    job = bulk.start("SELECT Id, Name FROM Account")["id"]
    reply = bulk.send("GET", f"/jobs/query/{job}/results")
    assert reply.payload(False) == b'"Id","Name"\n'
    assert reply.headers["Sforce-NumberOfRecords"] == "0"
    assert reply.headers["Sforce-Locator"] == "null"


def test_the_result_is_that_of_the_moment_the_job_ran(bulk: Bulk) -> None:
    record = bulk.create("Account", Name="before")
    job = bulk.start("SELECT Name FROM Account")["id"]
    bulk.change({"op": "update", "id": record, "values": {"Name": "after"}})
    assert bulk.text(f"/jobs/query/{job}/results") == '"Name"\n"before"\n'


def test_query_all_shows_deleted_records(bulk: Bulk) -> None:
    record = bulk.create("Account", Name="gone")
    bulk.change({"op": "delete", "id": record})
    assert bulk.rows_of("SELECT Id FROM Account") == []
    rows = bulk.rows_of("SELECT Id, IsDeleted FROM Account", operation="queryAll")
    assert rows == [{"Id": record, "IsDeleted": "true"}]


def test_result_pages_name_places_for_parallel_reading(bulk: Bulk) -> None:
    for number in range(13):
        bulk.create("Account", Name=f"n{number:02}")
    job = bulk.start("SELECT Name FROM Account ORDER BY Name")["id"]
    first = bulk.get(f"/jobs/query/{job}/resultPages?maxRecords=2")
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    second = bulk.get(first["nextRecordsUrl"])
    assert (len(second["resultPages"]), second["done"], second["nextRecordsUrl"]) == (2, True, None)
    urls = [page["resultUrl"] for page in first["resultPages"] + second["resultPages"]]
    found = [row for url in urls for row in bulk.text(url).splitlines()[1:]]
    assert found == [f'"n{number:02}"' for number in range(13)]


REFUSED = [
    ("SELECT COUNT() FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT MAX(Name) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Name FROM Account GROUP BY Name", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Id FROM Account LIMIT 5 OFFSET 3", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT BillingAddress FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Account.BillingAddress FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT Body__c FROM Blob__c", "FUNCTIONALITY_NOT_ENABLED"),
    ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "MALFORMED_QUERY"),
    ("SELECT Id FROM Attachment", "INVALIDENTITY"),
    ("SELECT Id FROM TaskStatus", "INVALIDENTITY"),
    ("SELECT Nope FROM Account", "INVALID_FIELD"),
    ("SELECT Id FROM Nope", "INVALID_TYPE"),
    ("SELECT Id FROM", "MALFORMED_QUERY"),
    ("SELECT Id FROM ContentDocumentLink", "API_ERROR"),
]


@pytest.mark.parametrize(("soql", "code"), REFUSED)
def test_statements_that_bulk_does_not_take(bulk: Bulk, soql: str, code: str) -> None:
    reply = bulk.send("POST", "/jobs/query", {"operation": "query", "query": soql})
    assert (reply.status, reply.body[0]["errorCode"]) == (400, code)


def test_the_neighbours_of_refused_statements_are_taken(bulk: Bulk) -> None:
    bulk.create("Account", Name="a", BillingCity="Paris")
    assert bulk.rows_of("SELECT BillingCity FROM Account LIMIT 5") == [{"BillingCity": "Paris"}]
    assert bulk.rows_of("SELECT FIELDS(STANDARD) FROM Account")[0]["BillingCity"] == "Paris"
    assert bulk.rows_of("SELECT What.Name, What.Type FROM Task") == []


BAD_REQUESTS = [
    ({"operation": "query"}, "INVALIDJOB"),
    ({"operation": "insert", "query": "SELECT Id FROM Account"}, "INVALIDJOB"),
    ({"operation": "query", "query": "SELECT Id FROM Account", "columnDelimiter": "DOT"}, "INVALIDJOB"),
    ({"operation": "query", "query": "SELECT Id FROM Account", "contentType": "JSON"}, "INVALIDJOB"),
    ({"operation": "query", "query": "SELECT Id FROM Account", "foo": 1}, "JSON_PARSER_ERROR"),
]


@pytest.mark.parametrize(("body", "code"), BAD_REQUESTS)
def test_bad_requests_are_refused(bulk: Bulk, body: dict[str, Any], code: str) -> None:
    assert bulk.post("/jobs/query", body)[0]["errorCode"] == code


def test_results_want_the_version_of_the_job(bulk: Bulk) -> None:
    job = bulk.start("SELECT Id FROM Account")["id"]
    assert bulk.send("GET", f"/services/data/v61.0/jobs/query/{job}/results").status == 409
    assert bulk.send("GET", f"/services/data/v61.0/jobs/query/{job}").status == 200
    assert bulk.send("GET", f"/services/data/v62.0/jobs/query/{job}/results").status == 200


def test_jobs_are_listed_and_deleted(bulk: Bulk) -> None:
    job = bulk.start("SELECT Id FROM Account")["id"]
    listed = bulk.get("/jobs/query?jobType=V2Query")
    assert listed["records"][0]["id"] == job
    assert {record["jobType"] for record in listed["records"]} == {"V2Query"}
    assert bulk.send("DELETE", f"/jobs/query/{job}").status == 204
    assert bulk.send("GET", f"/jobs/query/{job}").status == 404
    assert bulk.send("GET", f"/jobs/query/{job}/results").status == 404


def test_jobs_are_kept_for_seven_days(bulk: Bulk) -> None:
    job = bulk.start("SELECT Id FROM Account")["id"]
    bulk.org.sessions.timeout_s = 1e9
    assert bulk.show(job)["state"] == "JobComplete"
    bulk.send("PUT", "/_sandbox/clock", {"advance_s": 7 * 86400 - 60})
    assert bulk.send("GET", f"/jobs/query/{job}").status == 200
    bulk.send("PUT", "/_sandbox/clock", {"advance_s": 120})
    assert bulk.send("GET", f"/jobs/query/{job}").status == 404


def test_the_daily_number_of_jobs_is_limited(bulk: Bulk) -> None:
    bulk.send("PUT", "/_sandbox/limits", {"DailyBulkV2QueryJobs": {"max": 10000, "remaining": 1}})
    assert bulk.start("SELECT Id FROM Account")["state"] == "UploadComplete"
    assert bulk.start("SELECT Id FROM Account")[0]["errorCode"] == "LIMIT_EXCEEDED"
    bulk.send("PUT", "/_sandbox/limits", {"DailyBulkV2QueryJobs": {"max": 10000, "remaining": 10000}})
    bulk.fault("limit.bulk", {"calls": "1"})
    assert bulk.start("SELECT Id FROM Account")[0]["errorCode"] == "LIMIT_EXCEEDED"
    assert bulk.start("SELECT Id FROM Account")["state"] == "UploadComplete"


# Faults


def test_a_failed_job_has_a_message_and_no_results(bulk: Bulk) -> None:
    bulk.fault("bulk.failed", {"calls": "1", "object": "Account"}, message="InternalServerError : no")
    bulk.start("SELECT Id FROM Contact")
    job = bulk.start("SELECT Id FROM Account")["id"]
    info = bulk.show(job)
    assert (info["state"], info["errorMessage"]) == ("Failed", "InternalServerError : no")
    assert bulk.send("GET", f"/jobs/query/{job}/results").status == 204


def test_a_query_that_runs_too_long_fails_its_job(bulk: Bulk) -> None:
    bulk.fault("query.timeout", {"calls": "1"})
    info = bulk.show(bulk.start("SELECT Id FROM Account")["id"])
    assert (info["state"], info["errorMessage"]) == (
        "Failed",
        "QUERY_TIMEOUT : Your query request was running for too long.",
    )


def test_limit_and_order_by_switch_chunking_off(bulk: Bulk) -> None:
    chunked = bulk.start("SELECT Id FROM Account")["id"]
    whole = [bulk.start(f"SELECT Id FROM Account {rest}")["id"] for rest in ("LIMIT 5", "ORDER BY Name")]
    listed = [record["id"] for record in bulk.get("/jobs/query?isPkChunkingEnabled=true")["records"]]
    assert chunked in listed
    assert not set(whole) & set(listed)


def test_retries_are_shown(bulk: Bulk) -> None:
    bulk.fault("bulk.retry", {"calls": "1"}, retries=3)
    info = bulk.show(bulk.start("SELECT Id FROM Account")["id"])
    assert (info["state"], info["retries"]) == ("JobComplete", 3)


def test_a_wrong_count_is_in_the_header_only(bulk: Bulk) -> None:
    bulk.create("Account", Name="one")
    job = bulk.start("SELECT Name FROM Account")["id"]
    bulk.fault("count.wrong", {"kind": "bulk_result"}, by=1)
    reply = bulk.send("GET", f"/jobs/query/{job}/results")
    assert reply.headers["Sforce-NumberOfRecords"] == "2"
    assert reply.payload(False) == b'"Name"\n"one"\n'


def test_pages_shrink_and_locators_expire(bulk: Bulk) -> None:
    for number in range(3):
        bulk.create("Account", Name=f"n{number}")
    job = bulk.start("SELECT Name FROM Account")["id"]
    bulk.fault("page.shrink", {"kind": "bulk_result", "calls": "1"}, rows=1)
    reply = bulk.send("GET", f"/jobs/query/{job}/results?maxRecords=2")
    assert reply.payload(False).decode().count("\n") == 2
    locator = reply.headers["Sforce-Locator"]
    bulk.fault("locator.expired", {"kind": "bulk_result"})
    refused = bulk.get(f"/jobs/query/{job}/results?locator={locator}")
    assert refused[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_calls_are_counted_by_kind_and_object(bulk: Bulk) -> None:
    mark = bulk.post("/_sandbox/stats/mark", {})["mark"]
    bulk.create("Account", Name="one")
    bulk.result("SELECT Name FROM Account")
    stats = bulk.get(f"/_sandbox/stats?since={mark}")
    assert stats["calls"]["by_kind"] == {"bulk_job": 2, "bulk_result": 1}
    assert stats["calls"]["by_object"] == {"Account": 3}
    assert stats["rows_out"] == 1


# Life cycle at real speed


def test_a_job_waits_runs_and_completes_by_the_clock(slow: Bulk) -> None:
    slow.create("Account", Name="one")
    slow.fault("bulk.slow", {"kind": "bulk_job", "calls": "1"}, seconds=30)
    job = slow.start("SELECT Name FROM Account")["id"]
    states = []
    for step in (0, 1, 28, 5, 1):
        slow.send("PUT", "/_sandbox/clock", {"advance_s": step})
        states.append(slow.show(job)["state"])
    assert states == ["UploadComplete", "InProgress", "InProgress", "InProgress", "JobComplete"]
    assert slow.text(f"/jobs/query/{job}/results") == '"Name"\n"one"\n'
    assert slow.show(job)["totalProcessingTime"] >= 28000


def test_results_of_an_unfinished_job_are_refused(slow: Bulk) -> None:
    job = slow.start("SELECT Name FROM Account")["id"]
    reply = slow.send("GET", f"/jobs/query/{job}/results")
    assert (reply.status, reply.body[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert slow.send("DELETE", f"/jobs/query/{job}").status == 400


def test_a_job_is_aborted_once(slow: Bulk) -> None:
    job = slow.start("SELECT Name FROM Account")["id"]
    reply = slow.send("PATCH", f"/jobs/query/{job}", {"state": "Aborted"})
    assert (reply.status, reply.body["state"]) == (200, "Aborted")
    slow.send("PUT", "/_sandbox/clock", {"advance_s": 60})
    assert slow.show(job)["state"] == "Aborted"
    assert slow.send("GET", f"/jobs/query/{job}/results").status == 204
    refused = slow.send("PATCH", f"/jobs/query/{job}", {"state": "Aborted"})
    assert (refused.status, refused.body[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert slow.send("DELETE", f"/jobs/query/{job}").status == 204
