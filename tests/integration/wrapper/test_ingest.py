"""Bulk ingest jobs as system tables: created, filled, closed and asked what became of each row."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.sync.org import Org, wait_for
from tests.integration.wrapper.test_bulk import one, state
from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]
NAMES = ("A 1", "A 2", "A 3")


@pytest.fixture(autouse=True)
def fast_jobs(org: Sandbox) -> None:
    org.call("PUT", "/clock", {"rate": 50})


@pytest.fixture
def ids(org: Sandbox) -> list[str]:
    """Three accounts with a phone and a site."""
    return Org(org).create("Account", *({"Name": name, "Phone": "1", "Site": "s"} for name in NAMES))


def begun(session: Session, operation: str, external: str | None = None) -> str:
    return str(one(session, "INSERT INTO _bulk_jobs (operation, object_name, external_id_field) "
                            "VALUES (%s, 'Account', %s) RETURNING job_id", operation, external)[0])


def fill(session: Session, job_id: str, records: Sequence[dict[str, Any]]) -> None:
    session.execute("INSERT INTO _ingest_records (job_id, record) SELECT %s, r FROM unnest(%s::jsonb[]) r",
                    [job_id, [Jsonb(record) for record in records]])


def close(session: Session, job_id: str) -> None:
    session.execute("UPDATE _bulk_jobs SET state = 'UploadComplete' WHERE job_id = %s", [job_id])
    wait_for(lambda: state(session, job_id) not in ("UploadComplete", "InProgress"), "the job is over")


def results(session: Session, job_id: str, columns: str) -> list[tuple[Any, ...]]:
    return session.execute(f"SELECT {columns} FROM _ingest_results WHERE job_id = %s ORDER BY record ->> 'Name', "
                           "record ->> 'Id'", [job_id]).fetchall()


def test_a_job_of_updates_changes_what_each_row_says_and_no_more(tables: Session, org: Sandbox,
                                                                 ids: list[str]) -> None:
    job_id = begun(tables, "update")
    assert state(tables, job_id) == "Open"
    fill(tables, job_id, [{"Id": ids[0], "Phone": "2"}, {"Id": ids[1], "Site": None}, {"Id": ids[2], "Phone": ""}])
    assert {record["Phone"] for record in org.records("Account")} == {"1"}
    close(tables, job_id)
    found = {record["Id"]: (record["Phone"], record["Site"]) for record in org.records("Account")}
    assert found == {ids[0]: ("2", "s"), ids[1]: ("1", None), ids[2]: (None, "s")}
    assert results(tables, job_id, "record_id, success, created, record ->> 'Id'") == [
        (one, True, False, one) for one in ids]
    assert one(tables, "SELECT operation, processed_count, failed_count FROM _bulk_jobs WHERE job_id = %s "
                       "AND operation = 'update'", job_id) == ("update", 3, 0)


def test_a_row_that_is_refused_says_why_and_spoils_no_other(tables: Session, org: Sandbox) -> None:
    job_id = begun(tables, "insert")
    fill(tables, job_id, [{"Name": "good", "Phone": "1"}, {"Phone": "2"}])
    close(tables, job_id)
    created, = org.records("Account")
    good, bad = sorted(results(tables, job_id, "record ->> 'Phone', success, created, record_id, status_code, fields, "
                                               "transient"))
    assert good == ("1", True, True, created["Id"], None, [], False)
    assert bad == ("2", False, False, None, "REQUIRED_FIELD_MISSING", ["Name"], False)


def test_upserts_and_deletes_go_by_their_key(tables: Session, org: Sandbox, ids: list[str]) -> None:
    org.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "Ext__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    org.change({"op": "update", "object": "Account", "id": ids[0], "values": {"Ext__c": "x"}})
    job_id = begun(tables, "upsert", "Ext__c")
    fill(tables, job_id, [{"Ext__c": "x", "Name": "B 1"}, {"Ext__c": "y", "Name": "B 2"}])
    close(tables, job_id)
    assert results(tables, job_id, "record ->> 'Ext__c', created") == [("x", False), ("y", True)]
    job_id = begun(tables, "delete")
    fill(tables, job_id, [{"Id": ids[1]}, {"Id": ids[2]}])
    close(tables, job_id)
    assert sorted(record["Name"] for record in org.records("Account")) == ["B 1", "B 2"]


def test_what_a_job_left_undone_is_told_as_unprocessed(tables: Session, org: Sandbox, ids: list[str]) -> None:
    job_id = begun(tables, "update")
    fill(tables, job_id, [{"Id": ids[0], "Phone": "2"}])
    tables.execute("UPDATE _bulk_jobs SET state = 'Aborted' WHERE job_id = %s", [job_id])
    assert state(tables, job_id) == "Aborted"
    assert results(tables, job_id, "success, transient, record") == [(None, True, {"Id": ids[0], "Phone": "2"})]
    tables.execute("DELETE FROM _bulk_jobs WHERE job_id = %s", [job_id])
    assert one(tables, "SELECT count(*) FROM _bulk_jobs WHERE operation = 'update'") == (0,)
    assert {record["Phone"] for record in org.records("Account")} == {"1"}


def test_jobs_of_both_kinds_are_listed_and_can_be_told_apart(tables: Session) -> None:
    changes = begun(tables, "insert")
    query, = one(tables, "INSERT INTO _bulk_jobs (query) VALUES ('SELECT Id FROM Account') RETURNING job_id")
    listed = "SELECT array_agg(job_id ORDER BY job_id) FROM _bulk_jobs"
    assert one(tables, listed) == (sorted((changes, query)),)
    assert one(tables, f"{listed} WHERE operation = 'insert'") == ([changes],)
    assert one(tables, f"{listed} WHERE operation = 'delete'") == (None,)
    assert one(tables, f"{listed} WHERE operation = 'query'") == ([query],)


def test_nothing_is_uploaded_for_a_statement_that_failed(tables: Session, org: Sandbox) -> None:
    job_id = begun(tables, "insert")
    with pytest.raises(psycopg.Error) as caught:
        tables.execute("INSERT INTO _ingest_records (job_id, record) SELECT %s, r FROM unnest(%s::jsonb[]) r",
                       [job_id, [Jsonb({"Name": "a"}), Jsonb({"Name": "#N/A"})]])
    assert caught.value.sqlstate == "22000"
    assert "_write" in str(caught.value.diag.message_hint or caught.value)
    fill(tables, job_id, [{"Name": "b"}])
    close(tables, job_id)
    assert [record["Name"] for record in org.records("Account")] == ["b"]


@pytest.mark.parametrize(("operation", "sobject", "external", "sqlstate"), [
    ("insert", "CaseStatus", None, "SF016"), ("insert", "a/b", None, "22000"), ("upsert", "Account", None, "22000"),
    ("destroy", "Account", None, "22000"), ("upsert", "Account", "Name", "SF005")])
def test_jobs_that_cannot_be_are_refused(tables: Session, operation: str, sobject: str, external: str | None,
                                         sqlstate: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        tables.execute("INSERT INTO _bulk_jobs (operation, object_name, external_id_field) VALUES (%s, %s, %s)",
                       [operation, sobject, external])
    assert caught.value.sqlstate == sqlstate


def test_a_job_takes_one_upload(tables: Session) -> None:
    job_id = begun(tables, "insert")
    fill(tables, job_id, [{"Name": "a"}])
    with pytest.raises(psycopg.Error) as caught:
        fill(tables, job_id, [{"Name": "b"}])
    assert caught.value.sqlstate == "SF005"
