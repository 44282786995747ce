"""Bulk jobs as system tables, their pages as typed rows of live tables, and live queries that go through Bulk."""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import wait_for
from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]
QUERY = "SELECT Id, Name, NumberOfEmployees, AnnualRevenue, SystemModstamp, IsDeleted, Description FROM Account"


def one(session: Session, query: str, *values: Any) -> tuple[Any, ...]:
    row = session.execute(query, values).fetchone()
    assert row is not None
    return row


@pytest.fixture
def accounts(tables: Session, org: Sandbox) -> Session:
    """The owner's session; 25 accounts named A 00 to A 24."""
    org.change(*[{"op": "create", "object": "Account", "values": {"Name": f"A {number:02}"}} for number in range(25)])
    return tables


@pytest.fixture(autouse=True)
def fast_jobs(org: Sandbox) -> None:
    """Salesforce's second of queueing for each job passes in twenty milliseconds."""
    org.call("PUT", "/clock", {"rate": 50})


def in_queue_or_running(session: Session, job_id: str) -> bool:
    return state(session, job_id) in ("UploadComplete", "InProgress")


def created(session: Session, query: str = QUERY, operation: str = "query") -> str:
    """The id of a job that is complete."""
    job_id = str(one(session, "INSERT INTO _bulk_jobs (operation, query) VALUES (%s, %s) RETURNING job_id", operation,
                     query)[0])
    wait_for(lambda: not in_queue_or_running(session, job_id), "the job is over")
    return job_id


def state(session: Session, job_id: str) -> str:
    return str(one(session, "SELECT state FROM _bulk_jobs WHERE job_id = %s", job_id)[0])


def pages(session: Session, job_id: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
    locator = ""
    while locator is not None:
        rows = session.execute("SELECT name, _next_locator FROM account WHERE _job_id = %s AND _locator = %s AND "
                               "_page_size = %s", [job_id, locator, str(size)]).fetchall()
        yield [row[:1] for row in rows]
        told, = one(session, "SELECT next_locator FROM _bulk_pages WHERE job_id = %s AND locator = %s", job_id, locator)
        assert {row[1] for row in rows} <= {told}
        locator = told


def test_a_job_is_created_watched_and_read_page_by_page(accounts: Session) -> None:
    job_id = created(accounts)
    assert one(accounts, "SELECT operation, object_name, state, processed_count, error_message FROM _bulk_jobs "
                         "WHERE job_id = %s", job_id) == ("query", "Account", "JobComplete", 25, None)
    found = list(pages(accounts, job_id, 10))
    assert [len(page) for page in found] == [10, 10, 5]
    assert sorted(name for page in found for name, in page) == [f"A {number:02}" for number in range(25)]


def test_results_are_records_of_text_too(accounts: Session) -> None:
    job_id = created(accounts, "SELECT Name, Description FROM Account WHERE Name = 'A 07'")
    assert one(accounts, "SELECT record, next_locator FROM _bulk_results WHERE job_id = %s", job_id) == (
        {"Name": "A 07", "Description": None}, None)
    assert one(accounts, "SELECT count(*) FROM _bulk_results WHERE job_id = %s AND max_records = '4'",
               created(accounts)) == (4,)


@pytest.mark.parametrize(("where", "hint"), [
    ("_page_size = 'x'", "from 1 to 50000"), ("true ORDER BY numberofemployees NULLS FIRST", "MATERIALIZED")])
def test_a_page_has_a_size_and_no_order(accounts: Session, where: str, hint: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        accounts.execute(f"SELECT name FROM account WHERE _job_id = '750000000000001AAA' AND {where}")
    assert caught.value.sqlstate == "HV002"
    assert hint in str(caught.value.diag.message_hint)


def test_case_60_an_object_without_records_gives_a_page_without_rows(tables: Session) -> None:
    job_id = created(tables)
    assert list(pages(tables, job_id, 10)) == [[]]


def odd_records() -> list[dict[str, Any]]:
    return [{"Name": "commas, \"quotes\"\nlines\r\nand ü漢", "Description": "x" * 30_000, "NumberOfEmployees": 0,
             "AnnualRevenue": 12345678901},
            {"Name": "NA", "Description": "NULL", "NumberOfEmployees": 5, "BillingPostalCode": "01234"},
            {"Name": "empty", "Description": "", "Phone": "None"}]


def test_cases_26_to_41_values_through_bulk_are_those_through_rest(tables: Session, org: Sandbox) -> None:
    org.change(*[{"op": "create", "object": "Account", "values": values} for values in odd_records()])
    names = [name for name, in tables.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'account'::regclass AND attnum > 0 AND attname !~ '^_' "
        "AND atttypid <> 'jsonb'::regtype ORDER BY attnum")]
    fields = [name for name, in tables.execute("SELECT field_name FROM _fields WHERE object_name = 'Account' AND "
                                               "type NOT IN ('address', 'location')")]
    job_id = created(tables, f"SELECT {', '.join(fields)} FROM Account")
    columns = ", ".join(names)
    by_rest = tables.execute(f"SELECT {columns} FROM account ORDER BY id").fetchall()
    tables.execute("SET TIME ZONE 'Asia/Tokyo'")
    by_bulk = tables.execute(f"WITH page AS MATERIALIZED (SELECT {columns} FROM account WHERE _job_id = %s) "
                             "SELECT * FROM page ORDER BY id", [job_id]).fetchall()
    assert by_bulk == by_rest
    assert len(by_bulk) == 3
    first = dict(zip(names, by_bulk[0], strict=True))
    assert (first["numberofemployees"], first["annualrevenue"]) == (0, Decimal("12345678901"))
    assert isinstance(first["createddate"], dt.datetime)


def test_deleted_records_come_by_query_all_only(accounts: Session, org: Sandbox) -> None:
    record_id = one(accounts, "SELECT id FROM account WHERE name = 'A 03'")[0]
    org.change({"op": "delete", "object": "Account", "id": record_id})
    assert [len(page) for page in pages(accounts, created(accounts), 100)] == [24]
    assert [len(page) for page in pages(accounts, created(accounts, operation="queryAll"), 100)] == [25]


def test_a_running_job_is_aborted_and_has_no_result(accounts: Session, fault: Callable[..., int]) -> None:
    fault("bulk.slow", params={"seconds": 600})
    job_id, = one(accounts, "INSERT INTO _bulk_jobs (query) VALUES (%s) RETURNING job_id", QUERY)
    with pytest.raises(psycopg.Error) as caught:
        accounts.execute("SELECT * FROM _bulk_results WHERE job_id = %s", [job_id])
    assert "INVALIDJOBSTATE" in str(caught.value.diag.message_detail)
    accounts.execute("UPDATE _bulk_jobs SET state = 'Aborted' WHERE job_id = %s", [job_id])
    wait_for(lambda: state(accounts, job_id) == "Aborted", "the job is aborted")
    with pytest.raises(psycopg.Error) as caught:
        accounts.execute("SELECT * FROM _bulk_results WHERE job_id = %s", [job_id])
    assert caught.value.sqlstate == "SF015"
    accounts.execute("DELETE FROM _bulk_jobs WHERE job_id = %s", [job_id])
    assert one(accounts, "SELECT count(*) FROM _bulk_jobs") == (0,)


def test_cases_40_41_56_what_bulk_does_not_do_is_said(tables: Session) -> None:
    cases = [
        ("INSERT INTO _bulk_jobs (query) VALUES ('SELECT Id, BillingAddress FROM Account')", "SF016"),
        ("INSERT INTO _bulk_jobs (query) VALUES ('SELECT Id, Body FROM Document')", "SF016"),
        ("INSERT INTO _bulk_jobs (query) VALUES ('SELECT Id FROM CaseStatus')", "SF016"),
        ("INSERT INTO _bulk_jobs (query) VALUES ('SELECT Nothing__c FROM Account')", "SF008"),
        ("INSERT INTO _bulk_jobs (operation, query) VALUES ('insert', 'SELECT Id FROM Account')", "22000"),
        ("INSERT INTO _bulk_jobs (query) VALUES ('')", "22000"),
        ("UPDATE _bulk_jobs SET state = 'Open' WHERE job_id = '750000000000001AAA'", "SF015"),
        ("SELECT * FROM _bulk_jobs WHERE job_id = '750000000000001AAA'", "SF015")]
    for statement, sqlstate in cases:
        with pytest.raises(psycopg.Error) as caught:
            tables.execute(statement)  # type: ignore[call-overload]
        assert caught.value.sqlstate == sqlstate, statement
        assert caught.value.diag.message_hint


def test_a_page_that_is_cut_off_is_read_to_its_end(accounts: Session, fault: Callable[..., int],
                                                   calls: Callable[[], dict[str, int]]) -> None:
    job_id = created(accounts)
    fault("http.cut", kind="bulk_result", calls="1", params={"bytes": 700})
    calls()
    assert sorted(name for page in pages(accounts, job_id, 25) for name, in page) == [
        f"A {number:02}" for number in range(25)]
    assert calls() == {"bulk_result": 2}


def test_case_60_a_page_with_another_count_than_announced_is_an_error(accounts: Session,
                                                                      fault: Callable[..., int]) -> None:
    job_id = created(accounts)
    fault("count.wrong", kind="bulk_result")
    with pytest.raises(psycopg.Error) as caught:
        accounts.execute("SELECT name FROM account WHERE _job_id = %s", [job_id])
    assert caught.value.sqlstate == "SF006"
    assert caught.value.diag.message_detail == "25 rows came, Sforce-NumberOfRecords says 26."
    assert one(accounts, "SELECT count(*) FROM _bulk_pages WHERE job_id = %s", job_id) == (0,)


def test_an_expired_locator_means_that_the_result_is_lost(accounts: Session, fault: Callable[..., int]) -> None:
    job_id = created(accounts)
    fault("locator.expired", kind="bulk_result")
    with pytest.raises(psycopg.Error) as caught:
        list(pages(accounts, job_id, 10))
    assert caught.value.sqlstate == "SF015"


# --- live queries ---

def transport_of(session: Session, query: str) -> str:
    lines = [line.strip() for line, in session.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {query}")]  # type: ignore[call-overload]
    return next(line.removeprefix("Transport: ") for line in lines if line.startswith("Transport: "))


@pytest.fixture
def configured(accounts: Session, database: Session) -> Callable[[str], Session]:
    def configure(options: str) -> Session:
        database.execute(f"ALTER SERVER sf OPTIONS ({options})")  # type: ignore[call-overload]
        database.commit()
        return accounts
    return configure


def test_explain_says_how_the_rows_come(configured: Callable[[str], Session],
                                        calls: Callable[[], dict[str, int]]) -> None:
    cases = [
        ("ADD transport 'bulk', ADD large_query_threshold '30'", [
            ("SELECT name FROM account", "Bulk"), ("SELECT name FROM account WHERE name = 'A 07'", "Bulk"),
            ("SELECT count(*) FROM account", "Bulk"), ("SELECT billingaddress FROM account", "REST"),
            ("SELECT name FROM account ORDER BY numberofemployees", "REST"),
            ("SELECT name FROM account LIMIT 3", "REST")]),
        ("SET transport 'auto'", [("SELECT name FROM account", "REST")]),
        ("SET large_query_threshold '20'", [("SELECT name FROM account", "Bulk")]),
        ("SET transport 'rest'", [("SELECT name FROM account", "REST")])]
    for options, queries in cases:
        session = configured(options)
        for query, want in queries:
            assert transport_of(session, query) == want, (options, query)
            calls()
            assert len(session.execute(query).fetchall()) in (1, 3, 25)  # type: ignore[call-overload]
            assert ("bulk_job" in calls()) == (want == "Bulk"), (options, query)


def test_live_rows_by_bulk_are_those_by_rest_and_the_job_is_deleted(configured: Callable[[str], Session],
                                                                    org: Sandbox) -> None:
    session = configured("ADD transport 'rest'")
    query = "SELECT id, name, systemmodstamp, isdeleted, description FROM account"
    by_rest = sorted(session.execute(query).fetchall())
    session = configured("SET transport 'bulk'")
    assert sorted(session.execute(query).fetchall()) == by_rest
    assert len(by_rest) == 25
    assert one(session, "SELECT count(*) FROM _bulk_jobs") == (0,)


def test_a_first_page_that_says_many_turns_to_bulk(configured: Callable[[str], Session],
                                                   calls: Callable[[], dict[str, int]]) -> None:
    session = configured("ADD large_query_threshold '20'")
    session.execute("SELECT * FROM _session")
    calls()
    assert one(session, "SELECT count(id) FROM account WHERE name LIKE 'A%%'") == (25,)
    found = calls()
    assert found["query"] == 1
    assert found["bulk_result"] == 1


def test_case_56_an_object_that_bulk_does_not_take_is_read_through_rest(
        configured: Callable[[str], Session], live: Session, calls: Callable[[], dict[str, int]]) -> None:
    session = configured("ADD transport 'bulk'")
    session.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (attachment) FROM SERVER sf INTO live")
    calls()
    assert session.execute("SELECT name FROM attachment").fetchall() == []
    assert calls()["query"] == 1


@pytest.mark.parametrize(("name", "params", "sqlstate"), [
    ("bulk.failed", {"message": "InternalServerError : Retried more than 15 times"}, "SF015"),
    ("count.wrong", {}, "SF006")])
def test_cases_60_61_a_live_query_fails_with_its_job(
        configured: Callable[[str], Session], fault: Callable[..., int], name: str, params: dict[str, Any],
        sqlstate: str) -> None:
    session = configured("ADD transport 'bulk'")
    fault(name, params=params, kind="bulk_job")
    with pytest.raises(psycopg.Error) as caught:
        session.execute("SELECT name FROM account").fetchall()
    assert caught.value.sqlstate == sqlstate
    assert params.get("message", "numberRecordsProcessed says 26") in str(caught.value.diag.message_detail)
    assert one(session, "SELECT count(*) FROM _bulk_jobs") == (0,)


def test_a_cancelled_live_query_leaves_no_job_behind(configured: Callable[[str], Session],
                                                     connect: Callable[..., Session], org: Sandbox,
                                                     fault: Callable[..., int]) -> None:
    session = configured("ADD transport 'bulk'")
    fault("bulk.slow", params={"seconds": 600})
    other, mark = connect(), org.call("POST", "/stats/mark")["mark"]

    def is_awaited() -> bool:
        return any(call["method"] == "GET" and call["kind"] == "bulk_job"
                   for call in org.call("GET", f"/calls?since={mark}&limit=1000"))

    def cancel() -> None:
        wait_for(is_awaited, "the query waits for its job")
        other.execute("SELECT pg_cancel_backend(%s)", [session.info.backend_pid])

    # A query cancelled while Salesforce makes the job knows no id to abort; so the job must be there.
    with ThreadPoolExecutor(1) as thread:
        cancelling = thread.submit(cancel)
        with pytest.raises(psycopg.errors.QueryCanceled):
            session.execute("SELECT name FROM account").fetchall()
        cancelling.result()
    # What is being cancelled gets no more calls through; the session's next statement about jobs gives this one back.
    assert one(session, "SELECT count(*) FROM _bulk_jobs") == (0,)
