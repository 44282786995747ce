"""The initial load and the reload: page by page, resumable, never over what is not yet sent."""

import os
import re
import signal
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, is_ended, log, one, poll, rows, set_options, wait_for

Session = psycopg.Connection[Any]


def test_load_brings_every_record_once(org: Org, account: Session) -> None:
    set_options(account, page_size=10)
    ids = org.create("Account", *[{"Name": f"A {n}"} for n in range(35)])
    poll(account)
    assert rows(account, "SELECT sfid, name, _hc_lastop FROM salesforce.account ORDER BY sfid") == [
        (record_id, f"A {n}", "SYNCED") for n, record_id in enumerate(ids)]
    assert one(account, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"
    assert one(account, "SELECT read_count FROM sffdw.sync_runs WHERE purpose = 'load'") == 35


def test_load_is_not_captured(org: Org, account: Session) -> None:
    org.create("Account", {"Name": "quiet"})
    poll(account)
    assert log(account) == []


@pytest.mark.parametrize("bulk_load_threshold", [0, 10_000])
def test_case_12_a_load_begins_with_the_first_record_there_is(org: Org, account: Session,
                                                              bulk_load_threshold: int) -> None:
    set_options(account, bulk_load_threshold=bulk_load_threshold, bulk_pause_ms=10)
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    for year in (1999, 2012, 2026):
        org.create("Account", {"Name": f"of {year}"}, at=f"{year}-01-01T00:00:00Z")
    poll(account)
    assert rows(account, "SELECT name, extract(year FROM systemmodstamp)::int FROM salesforce.account ORDER BY 1") == [
        ("of 1999", 1999), ("of 2012", 2012), ("of 2026", 2026)]


def test_case_58_all_fields_are_read_by_name_and_more_than_200_records_a_page(org: Org, owner: Session) -> None:
    org.create("Account", *[{"Name": f"A {number}"} for number in range(450)])
    owner.execute("SELECT sffdw.create_mapping('Account', '{*}')")
    mark = org.last_call()
    poll(owner)
    assert one(owner, "SELECT count(*) FROM salesforce.account") == 450
    asked = [call["path"] for call in org.calls("query", mark) if " FROM Account" in call["path"]]
    assert len(asked) == 2, "the load and the poll after it"
    assert all("FIELDS(" not in path and "NumberOfEmployees" in path for path in asked)


def test_empty_object_is_loaded(account: Session) -> None:
    poll(account)
    assert one(account, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"


@pytest.mark.parametrize("transport", ["REST", "Bulk"])
def test_after_a_load_and_a_reload_the_planner_knows_the_table(org: Org, account: Session, transport: str) -> None:
    known = "SELECT reltuples FROM pg_class WHERE oid = 'salesforce.account'::regclass"
    set_options(account, bulk_load_threshold=0 if transport == "Bulk" else 1000, bulk_pause_ms=10)
    for count in (300, 500):
        org.create("Account", *[{"Name": f"A {n}"} for n in range(count - len(org.names()))])
        poll(account)
        # What only a poll brought is autovacuum's to notice.
        account.execute("SELECT sffdw.reload('Account')")
        assert one(account, known) == 300
        poll(account)
        assert one(account, known) == count
        assert one(account, "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'account' AND attname = 'name'")


def test_a_table_of_somebody_else_is_left_to_autovacuum(account: Session, connect: Any) -> None:
    superuser = connect(user="postgres")
    superuser.execute("CREATE TABLE salesforce.theirs AS SELECT generate_series(1, 10)")
    for session, want in ((account, -1), (superuser, 10)):
        notices: list[str] = []
        session.add_notice_handler(lambda notice, notices=notices: notices.append(str(notice.message_primary)))
        session.execute("SELECT sffdw.analyze_table('salesforce.theirs')")
        assert (one(session, "SELECT reltuples FROM pg_class WHERE relname = 'theirs'"), notices) == (want, [])


def pages_asked(org: Org, since: int = 0) -> list[str]:
    """The Id after which each page of a load began."""
    found = [re.search(r"FROM Account (?:WHERE Id > '(\w+)' )?ORDER BY Id", call["path"])
             for call in org.calls("query", since) if call["status"] == 200]
    return [match[1] or "" for match in found if match]


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_case_13_a_load_goes_on_after_its_backend_died(org: Org, account: Session, connect: Any, end: str) -> None:
    set_options(account, page_size=100)
    org.create("Account", *[{"Name": f"A {n}"} for n in range(1000)])
    loader = connect()
    with org.fault("http.latency", {"ms": 150}, kind="query"), background(lambda: poll(loader)) as raised:
        wait_for(lambda: one(account, "SELECT load_rows_done >= 300 FROM sffdw.mapping"), "three pages")
        if end == "terminate":
            account.execute("SELECT pg_terminate_backend(%s)", [loader.info.backend_pid])
        else:
            os.kill(loader.info.backend_pid, signal.SIGKILL)
    assert [type(error) for error in raised] in ([psycopg.errors.AdminShutdown], [psycopg.OperationalError])
    if end == "kill":
        # The server ends every session; one opened before it does so would be ended too.
        wait_for(lambda: is_ended(account), "the server restarts")
    account = wait_for(lambda: reconnect(connect), "the server is back")
    cursor = one(account, "SELECT load_cursor FROM sffdw.mapping")
    done, before = one(account, "SELECT count(*) FROM salesforce.account"), org.last_call()
    assert 300 <= done < 1000
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account") == 1000
    assert one(account, "SELECT count(DISTINCT sfid) FROM salesforce.account") == 1000
    asked = pages_asked(org, before)
    assert asked[0] == cursor
    assert len(asked) == (1000 - done) // 100 + 1


def reconnect(connect: Any) -> Session | None:
    try:
        return connect()  # type: ignore[no-any-return]
    except psycopg.OperationalError:
        return None


def test_reload_keeps_ids_and_rewrites_only_what_differs(org: Org, account: Session) -> None:
    first, second, third = org.create("Account", {"Name": "same"}, {"Name": "altered"}, {"Name": "gone"})
    poll(account)
    before = dict(rows(account, "SELECT sfid, ROW(id, xmin)::text FROM salesforce.account"))
    account.execute("SET xmlbinary = 'hex'")
    account.execute("UPDATE salesforce.account SET name = 'drifted' WHERE sfid = %s", [second])
    account.execute("INSERT INTO salesforce.account (sfid, name) VALUES ('001000000000001AAA', 'not in Salesforce')")
    account.execute("RESET xmlbinary")
    account.execute("SELECT sffdw.reload('account')")
    assert one(account, "SELECT state FROM sffdw.mapping") == "RELOAD_TABLE"
    poll(account)
    after = dict(rows(account, "SELECT sfid, ROW(id, xmin)::text FROM salesforce.account"))
    assert set(after) == {first, second, third}
    assert after[first] == before[first]
    assert after[third] == before[third]
    assert after[second] != before[second]
    assert one(account, "SELECT name FROM salesforce.account WHERE sfid = %s", second) == "altered"


def test_reload_leaves_unsent_changes(org: Org, account: Session) -> None:
    record_id, deleted_id = org.create("Account", {"Name": "theirs", "Phone": "1"}, {"Name": "deleted here"})
    poll(account)
    account.execute("UPDATE salesforce.account SET name = 'ours' WHERE sfid = %s", [record_id])
    account.execute("DELETE FROM salesforce.account WHERE sfid = %s", [deleted_id])
    account.execute("INSERT INTO salesforce.account (name) VALUES ('new here')")
    org.update("Account", record_id, Name="theirs again", Phone="2")
    account.execute("SELECT sffdw.reload()")
    poll(account)
    assert rows(account, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("new here", None), ("ours", "2")]


def test_readers_are_not_blocked_by_a_load(org: Org, account: Session, connect: Any, app: Session) -> None:
    org.create("Account", *[{"Name": f"A {n}"} for n in range(30)])
    set_options(account, page_size=10)
    app.execute("SET lock_timeout = '100ms'")
    loader = connect()
    with org.fault("http.latency", {"ms": 100}, kind="query"), background(lambda: poll(loader)) as raised:
        seen = {one(app, "SELECT count(*) FROM salesforce.account")}
        app.commit()
        while 30 not in seen:
            seen.add(one(app, "SELECT count(*) FROM salesforce.account"))
            app.commit()
    assert not raised
    assert seen <= {0, 10, 20, 30}


def test_reload_of_an_unknown_object_is_refused(account: Session) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject) as raised:
        account.execute("SELECT sffdw.reload('Nothing__c')")
    assert "sffdw.mappings" in str(raised.value.diag.message_hint)
