"""Counting API calls: what the views say is what the org says, whatever is rolled back or killed."""

import os
import signal
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.sync.org import Org, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
# Kinds of requests that Salesforce does not take from the daily limit; all but the login are not counted here either.
FREE = {"token", "versions", "soap", "event"}


def used_by(session: Session) -> Counter[tuple[str | None, str]]:
    return Counter({(name, purpose): count for name, purpose, count in rows(
        session, "SELECT object_name, purpose, call_count FROM sffdw.api_usage WHERE purpose <> 'session'")})


def spent(session: Session, before: Counter[Any]) -> dict[Any, int]:
    return dict(used_by(session) - before)


def made(org: Org, mark: int) -> Counter[tuple[str | None, str]]:
    """What the org has been asked, by object and kind."""
    return Counter((call["object"], call["kind"]) for call in org.calls(since=mark) if call["kind"] not in FREE)


def test_each_call_is_counted_by_object_and_purpose(org: Org, account: Session, contact: Session) -> None:
    set_options(account, page_size=2)
    org.create("Account", *[{"Name": f"a{number}"} for number in range(3)])
    before, mark = used_by(account), org.last_call()
    poll(account)
    account.execute("INSERT INTO salesforce.contact (lastname) VALUES ('Ames')")
    write(account)
    account.execute("SELECT count(*) FROM salesforce_live.account WHERE name = 'a1'")
    account.execute("SELECT * FROM salesforce_live._soql WHERE query = 'SELECT Id FROM Account'")
    account.execute("SELECT * FROM salesforce_live._fields WHERE object_name = 'Account'")
    assert made(org, mark) == {
        ("Account", "query"): 7, ("Contact", "query"): 3, ("Account", "deleted"): 1, ("Contact", "deleted"): 1,
        ("Contact", "collections"): 1, ("Account", "describe"): 1, (None, "composite"): 1,
        (None, "record_count"): 2}
    assert spent(account, before) == {
        ("Account", "load"): 3, ("Account", "poll"): 3, ("Account", "deletes"): 1, ("Contact", "load"): 3,
        ("Contact", "poll"): 1, ("Contact", "deletes"): 1, ("Contact", "write"): 1, ("Account", "live"): 2,
        ("Account", "describe"): 1, (None, "describe"): 1}


def test_rows_and_bytes_are_counted(org: Org, account: Session) -> None:
    org.create("Account", *[{"Name": f"a{number}"} for number in range(7)])
    size = "SELECT sum(byte_count) FROM sffdw.api_usage WHERE purpose <> 'session'"
    before, mark = one(account, size), org.last_call()
    poll(account)
    stats = org.sandbox.call("GET", f"/stats?since={mark}")
    found = rows(account, "SELECT purpose, row_count FROM sffdw.api_usage WHERE object_name = 'Account' "
                          "AND purpose IN ('load', 'poll', 'deletes') ORDER BY purpose")
    assert found == [("deletes", 0), ("load", 7), ("poll", 7)]
    assert sum(count for _, count in found) == sum(call["rows"] for call in org.calls("query", mark))
    assert stats["bytes_out"] - 20_000 < one(account, size) - before <= stats["bytes_out"]


def test_the_views_say_what_was_spent_today(org: Org, account: Session, contact: Session) -> None:
    before = rows(account, "SELECT calls_today FROM sffdw.mappings ORDER BY object_name")
    total = one(account, "SELECT calls_today FROM sffdw.connections")
    poll(account, "Contact")
    assert rows(account, "SELECT calls_today FROM sffdw.mappings ORDER BY object_name") == [
        before[0], (before[1][0] + 5,)]
    # One more looks at the schema of all objects.
    assert one(account, "SELECT calls_today FROM sffdw.connections") == total + 6
    assert one(account, "SELECT calls_limit FROM sffdw.connections") == 1_000_000


def test_a_call_whose_transaction_is_rolled_back_stays_counted(org: Org, account: Session, app: Session) -> None:
    before = used_by(account)
    app.execute("SELECT count(*) FROM salesforce_live.account")
    app.rollback()
    assert spent(account, before) == {("Account", "live"): 1}


def test_a_call_whose_backend_is_killed_stays_counted(org: Org, account: Session, connect: Any) -> None:
    before = used_by(account)
    victim = connect(autocommit=False)
    victim.execute("SELECT count(*) FROM salesforce_live.account")
    os.kill(victim.info.backend_pid, signal.SIGTERM)
    with pytest.raises(psycopg.Error):
        victim.execute("SELECT 1")
    assert spent(account, before) == {("Account", "live"): 1}


def test_a_copy_that_dies_loses_and_doubles_nothing(org: Org, account: Session, app: Session) -> None:
    poll(account)
    before = used_by(account)
    app.execute("SELECT sffdw.fold_calls(c) FROM sffdw.connection c")
    app.rollback()
    assert used_by(account) == before
    account.execute("CALL sffdw.maintain()")
    account.execute("SELECT sffdw.fold_calls(c) FROM sffdw.connection c")
    assert used_by(account) == before
    folded = one(account, "SELECT sum(call_count) FROM sffdw.api_call WHERE purpose = 'load'")
    assert folded == before["Account", "load"] == 3


def test_what_the_owner_sees_at_once_others_see_after_maintain(org: Org, account: Session,
                                                               database: psycopg.Connection[Any]) -> None:
    poll(account)
    query = "SELECT call_count FROM sffdw.api_usage WHERE purpose = 'load'"
    assert one(account, query) == 3
    assert rows(database, query) == []
    account.execute("CALL sffdw.maintain()")
    assert one(database, query) == 3


def test_a_file_that_is_lost_takes_nothing_back(org: Org, account: Session, cluster: Any, connect: Any) -> None:
    poll(account)
    account.execute("CALL sffdw.maintain()")
    before = used_by(account)
    for path in (cluster.data / "pgsql_tmp_sffdw").glob("calls-*.log"):
        path.unlink()
    assert used_by(account) == before
    account.execute("SELECT count(*) FROM salesforce_live.account")
    account.execute("CALL sffdw.maintain()")
    assert spent(account, before) == {("Account", "live"): 1}


def test_a_connection_begins_at_nothing_whatever_its_user_spent_before(org: Org, live: Session) -> None:
    live.execute("CREATE SCHEMA mine")
    live.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO mine")
    live.execute("SELECT count(*) FROM mine.account")
    live.execute("SELECT sffdw.create_connection('sf')")
    assert dict(used_by(live)) == {}
    live.execute("SELECT count(*) FROM mine.account")
    assert dict(used_by(live)) == {("Account", "live"): 1}
    live.execute("CALL sffdw.maintain()")
    assert dict(used_by(live)) == {("Account", "live"): 1}


def test_runs_say_what_they_cost_even_when_they_fail(org: Org, account: Session) -> None:
    set_options(account, page_size=2)
    org.create("Account", *[{"Name": f"a{number}"} for number in range(3)])
    with org.fault("http.status", kind="query", calls="2", params={"status": 400, "code": "MALFORMED_QUERY"}), \
            pytest.raises(psycopg.Error):
        poll(account)
    poll(account)
    account.execute("UPDATE salesforce.account SET phone = '1'")
    write(account)
    found = rows(account, "SELECT purpose, outcome, call_count, byte_count > 100 FROM sffdw.sync_runs ORDER BY run_id")
    # The failed one counted the records, read two pages, the second in vain, and had the schema looked at.
    assert found == [("load", "error", 4, True), ("load", "ok", 1, True), ("poll", "ok", 4, True),
                     ("write", "ok", 1, True)]


def test_what_a_sweep_costs_is_the_sweeps(org: Org, account: Session) -> None:
    set_options(account, page_size=2)
    org.create("Account", *[{"Name": f"a{number}"} for number in range(3)])
    poll(account)
    account.execute("SELECT sffdw.request_field_sweep(mapping_id, 'formula', '{description}') FROM sffdw.mapping")
    poll(account)
    found = rows(account, "SELECT purpose, read_count, call_count FROM sffdw.sync_runs ORDER BY run_id")
    assert [run[0] for run in found[:3]] == ["load", "poll", "poll"]
    assert found[3][1:] == (3, 2)
    assert sum(count for _, _, count in found) == one(
        account, "SELECT sum(call_count) FROM sffdw.api_usage WHERE purpose NOT IN ('session', 'describe')")


def test_a_lookup_of_calls_makes_none(org: Org, account: Session) -> None:
    poll(account)
    mark = org.last_call()
    account.execute("SELECT * FROM salesforce_live._calls")
    for view in ("api_usage", "connections", "mappings"):
        account.execute(f"SELECT * FROM sffdw.{view}")
    assert org.calls(since=mark) == []


@pytest.mark.parametrize(("condition", "hint"), [
    ("since = 'yesterday'", "2026-01-31"), ("backend = 'mine'", "true, false")])
def test_wrong_arguments_are_refused(account: Session, condition: str, hint: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        account.execute(f"SELECT * FROM salesforce_live._calls WHERE {condition}")
    assert caught.value.sqlstate == "HV002"
    assert hint in str(caught.value.diag.message_hint)


def test_the_engines_columns_name_the_purpose(org: Org, account: Session) -> None:
    before = used_by(account)
    account.execute("SELECT * FROM salesforce_live._soql WHERE query = 'SELECT Id FROM Account' "
                    "AND _purpose = 'verify'")
    account.execute("SELECT * FROM salesforce_live._record_counts WHERE object_name = 'Account' "
                    "AND _purpose = 'verify'")
    assert spent(account, before) == {("Account", "verify"): 2}
    with pytest.raises(psycopg.Error, match="invalid value for \"_purpose\"") as caught:
        account.execute("SELECT * FROM salesforce_live._soql WHERE query = 'SELECT Id FROM Account' "
                        "AND _purpose = 'fun'")
    assert caught.value.sqlstate == "HV002"


def test_system_tables_that_a_person_imported_are_completed(org: Org, live: Session) -> None:
    live.execute("CREATE SCHEMA salesforce_live")
    live.execute("IMPORT FOREIGN SCHEMA salesforce_system EXCEPT (_calls) FROM SERVER sf INTO salesforce_live")
    live.execute("SELECT sffdw.create_connection('sf', options => %s)", [Jsonb({})])
    live.execute("SELECT * FROM salesforce_live._calls")
    assert one(live, "SELECT count(*) FROM pg_attribute WHERE attname = '_purpose' AND attrelid = "
                     "'salesforce_live._soql'::regclass") == 1
