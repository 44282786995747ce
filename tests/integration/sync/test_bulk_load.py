"""Loads and reloads through Bulk: in chunks and pages, resumable at each, verified, and never over what is unsent."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, background, is_ended, log, one, poll, rows, set_options, wait_for, write

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]
COUNT = 60


@pytest.fixture(autouse=True)
def began(org: Org) -> int:
    """The last call before the test; Salesforce's second of queueing for each job passes in twenty milliseconds."""
    org.sandbox.call("PUT", "/clock", {"rate": 50})
    return org.last_call()


@pytest.fixture
def large(org: Org, account: Session) -> Session:
    """The owner's session; 60 accounts are many, a page has 20 rows."""
    org.create("Account", *[{"Name": f"A {number:02}"} for number in range(COUNT)])
    account.execute("UPDATE sffdw.mapping SET poll_interval = '1 hour'")
    set_options(account, bulk_load_threshold=50, bulk_pause_ms=10)
    page_of(account, 20)
    return account


def page_of(session: Session, count: int) -> None:
    """Pages of loads have so many rows from now on, whatever is written about the least number."""
    session.execute("SET ROLE NONE")
    with superuser(session) as admin:
        admin.execute(f"CREATE OR REPLACE FUNCTION sffdw.page_rows(connection sffdw.connection, mapping sffdw.mapping) "
                      f"RETURNS integer LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp "
                      f"AS 'SELECT {count}'")  # type: ignore[call-overload]


@contextlib.contextmanager
def superuser(session: Session) -> Iterator[Session]:
    info = session.info
    with psycopg.connect(host=info.host, port=info.port, dbname=info.dbname, user="postgres", autocommit=True) as admin:
        yield admin


def names(session: Session) -> list[str]:
    return [name for name, in rows(session, "SELECT name FROM salesforce.account ORDER BY name")]


def all_names() -> list[str]:
    return [f"A {number:02}" for number in range(COUNT)]


def state(session: Session) -> str:
    return str(one(session, "SELECT state FROM sffdw.mapping"))


def jobs_created(org: Org, since: int) -> int:
    return sum(call["method"] == "POST" and call["kind"] == "bulk_job" for call in org.calls(since=since))


def pages_read(org: Org, since: int) -> int:
    return sum(call["kind"] == "bulk_result" and call["status"] == 200 for call in org.calls(since=since))


# --- the initial load ---

def test_a_large_object_is_loaded_through_bulk(org: Org, large: Session, began: int) -> None:
    poll(large)
    assert names(large) == all_names()
    assert rows(large, "SELECT DISTINCT _hc_lastop, _hc_err FROM salesforce.account") == [("SYNCED", None)]
    assert log(large) == []
    assert state(large) == "DATA_SYNCED"
    assert rows(large, "SELECT read_count, inserted_count, outcome FROM sffdw.sync_runs WHERE purpose = 'load'") == [
        (COUNT, COUNT, "ok")]
    assert jobs_created(org, began) == 1
    assert pages_read(org, began) == 3
    assert rows(large, "SELECT * FROM sffdw.load_progress") == []
    assert one(large, "SELECT count(*) FROM sffdw.load_chunk") == 0
    assert one(large, "SELECT sum(call_count) FROM sffdw.api_usage WHERE purpose = 'load' "
                      "AND object_name = 'Account'") >= 5


def test_values_through_bulk_are_those_through_rest(org: Org, large: Session) -> None:
    record_id, = org.create("Account", {"Name": 'odd "name", ünd\nlines', "Phone": "01234", "AnnualRevenue": 1234567,
                                        "Description": "x" * 20_000})
    large.execute("SET TIME ZONE 'Asia/Tokyo'")
    poll(large)
    query = "SELECT (to_jsonb(a) - 'id')::text FROM salesforce.account a WHERE sfid = %s"
    by_bulk = one(large, query, record_id)
    large.execute("SET xmlbinary = 'hex'")
    large.execute("DELETE FROM salesforce.account WHERE sfid = %s", [record_id])
    large.execute("RESET xmlbinary")
    set_options(large, bulk_load_threshold=1000)
    large.execute("SELECT sffdw.reload()")
    poll(large)
    assert one(large, query, record_id) == by_bulk
    assert '"phone": "01234"' in by_bulk


def test_size_and_server_decide_the_transport(large: Session) -> None:
    cases = [("ADD transport 'auto'", 50, "Bulk"), ("SET transport 'auto'", 60, "REST"),
             ("SET transport 'rest'", 50, "REST"), ("SET transport 'bulk'", 60, "Bulk")]
    for options, threshold, transport in cases:
        set_options(large, bulk_load_threshold=threshold)
        with superuser(large) as admin:
            admin.execute(f"ALTER SERVER sf OPTIONS ({options})")  # type: ignore[call-overload]
        large.execute("SELECT sffdw.reload()")
        poll(large)
        assert names(large) == all_names()
        assert one(large, "SELECT load_transport FROM sffdw.mapping") == transport


def test_soft_deleted_records_do_not_come(org: Org, large: Session) -> None:
    gone = org.record("Account", org.create("Account", {"Name": "gone"})[0])
    assert gone
    org.act("delete", "Account", gone["Id"])
    poll(large)
    assert names(large) == all_names()


def test_a_row_filter_holds_in_bulk_too(org: Org, large: Session, began: int) -> None:
    large.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'name >= ''A 30'' AND site IS NULL')")
    poll(large)
    assert names(large) == all_names()[30:]
    assert jobs_created(org, began) == 1


def test_indexes_are_there_after_the_load_and_unique_ones_all_the_time(org: Org, large: Session) -> None:
    def indexes() -> set[str]:
        return {name for name, in rows(large, "SELECT indexname FROM pg_indexes WHERE tablename = 'account'")}

    before = indexes()
    with org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job"):
        large.execute("CALL sffdw.poll(max_duration => '1 second')")
        during = indexes()
        assert before - during == {"hc_idx_account_systemmodstamp"}
        assert "hcu_idx_account_sfid" in during
        org.advance(200_000)
    poll(large)
    assert indexes() == before


def test_readers_are_not_blocked_and_see_whole_pages(org: Org, large: Session, connect: Connect, app: Session) -> None:
    app.execute("SET lock_timeout = '200ms'")
    app.commit()
    loader = connect()
    seen: set[int] = set()
    with org.fault("http.latency", {"ms": 200}, kind="bulk_result"), background(lambda: poll(loader)) as raised:
        while COUNT not in seen:
            seen.add(one(app, "SELECT count(*) FROM salesforce.account"))
            app.commit()
    assert not raised
    assert seen <= {0, 20, 40, COUNT}
    assert len(seen) > 2


# --- waiting ---

def test_no_statement_waits_for_a_slow_job(org: Org, large: Session, began: int) -> None:
    with org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job"):
        large.execute("SET statement_timeout = '20s'")
        large.execute("CALL sffdw.poll(max_duration => '4 seconds')")
        assert state(large) == "WAIT_BULK_LOAD"
        assert rows(large, "SELECT connection_name, object_name, phase, transport, job_id LIKE '750%%', chunks_done, "
                           "chunks_total, rows_done, rows_expected, started_at <= now() FROM sffdw.load_progress") == [
            ("salesforce", "Account", "bulk", "Bulk", True, 0, 1, 0, COUNT, True)]
        looks = [call for call in org.calls("bulk_job", began) if call["method"] == "GET"]
        assert 1 <= len(looks) <= 9
        org.advance(200_000)
    poll(large)
    assert names(large) == all_names()
    assert jobs_created(org, began) == 1


def test_a_waiting_load_leaves_the_lane_to_other_mappings(org: Org, large: Session, contact: Session) -> None:
    org.create("Contact", {"LastName": "other"})
    with org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job", object="Account"):
        large.execute("CALL sffdw.poll(force => false, max_duration => '2 seconds')")
    assert one(contact, "SELECT count(*) FROM salesforce.contact") == 1
    assert one(large, "SELECT state FROM sffdw.mapping WHERE object_name = 'Account'") == "WAIT_BULK_LOAD"


# --- several sessions ---

def test_ids_are_divided_where_salesforce_would_sort_them(owner: Session) -> None:
    bounds = [bound for bound, in rows(
        owner, "SELECT * FROM sffdw.divide_ids('001000000000010AAA', '0010000000000R0AAA', 5)")]
    assert bounds == sorted(bounds)
    assert len(bounds) == 4
    assert "001000000000010" < bounds[0] < bounds[-1] < "0010000000000R0"
    assert one(owner, "SELECT sffdw.number_of_id('001000000000010AAA')") == 62
    assert one(owner, "SELECT sffdw.id_of_number('001', sffdw.number_of_id('0015g00000Zz9aQAAR'))") == "0015g00000Zz9aQ"


def test_ids_of_two_objects_or_too_near_are_not_divided(owner: Session) -> None:
    for low, high in [("001000000000001AAA", "003000000000001AAA"), ("001000000000001AAA", "001000000000003AAA")]:
        assert rows(owner, "SELECT * FROM sffdw.divide_ids(%s, %s, 5)", low, high) == []


def test_a_large_object_is_loaded_in_chunks_by_several_sessions(org: Org, large: Session, connect: Connect,
                                                                began: int) -> None:
    set_options(large, bulk_chunk_rows=16)
    lanes = [connect(), connect()]
    with org.fault("http.latency", {"ms": 100}, kind="bulk_result"), contextlib.ExitStack() as stack:
        raised = [stack.enter_context(background(lambda lane=lane, number=number: lane.execute(  # type: ignore[misc]
            "CALL sffdw.poll(force => false, max_duration => '20 seconds', lane => %s)", [number])))
            for number, lane in enumerate(lanes, 1)]
        wait_for(lambda: state(large) == "DATA_SYNCED", "the load is over")
        for lane in lanes:
            lane.cancel()
    assert all(len(found) <= 1 for found in raised)
    assert names(large) == all_names()
    assert jobs_created(org, began) == 4
    jobs = {call["path"].split("/")[6] for call in org.calls("bulk_result", began)}
    assert len(jobs) == 4


# --- what goes wrong ---

def test_case_13_a_load_goes_on_at_the_page_where_its_backend_died(org: Org, large: Session, connect: Connect,
                                                                   began: int) -> None:
    loader = connect()
    with org.fault("http.latency", {"ms": 500}, kind="bulk_result"), background(lambda: poll(loader)) as raised:
        wait_for(lambda: one(large, "SELECT sum(row_count) >= 20 FROM sffdw.load_chunk"), "the first page")
        os.kill(loader.info.backend_pid, signal.SIGKILL)
    assert [type(error) for error in raised] == [psycopg.OperationalError]
    wait_for(lambda: is_ended(large), "the server restarts")
    session = wait_for(lambda: reconnected(connect), "the server is back")
    done, before = one(session, "SELECT count(*) FROM salesforce.account"), org.last_call()
    assert 20 <= done < COUNT
    poll(session)
    assert names(session) == all_names()
    assert jobs_created(org, began) == 1
    assert pages_read(org, before) == (COUNT - done) // 20


def reconnected(connect: Connect) -> Session | None:
    try:
        return connect()
    except psycopg.OperationalError:
        return None


def test_cases_11_60_61_a_lost_job_makes_room_for_a_new_one(org: Org, large: Session) -> None:
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("bulk.failed", {}, {"kind": "bulk_job", "calls": "1"}),
        ("locator.expired", {}, {"kind": "bulk_result", "calls": "2"}),
        ("http.status", {"status": 404, "code": "NOT_FOUND", "message": "gone"},
         {"kind": "bulk_result", "calls": "2"})]
    for number, (fault, params, when) in enumerate(cases, 1):
        before = org.last_call()
        with org.fault(fault, params, **when):
            poll(large)
        assert names(large) == all_names(), fault
        assert jobs_created(org, before) == 2, fault
        assert one(large, "SELECT count(*) FROM sffdw.log WHERE event = 'BULK LOAD NEW JOB'") == number
        assert state(large) == "DATA_SYNCED"
        large.execute("SET xmlbinary = 'hex'")
        large.execute("DELETE FROM salesforce.account")
        large.execute("RESET xmlbinary")
        large.execute("SELECT sffdw.reload()")


def test_case_61_a_load_whose_jobs_all_fail_is_in_error_and_recovers(org: Org, large: Session, began: int) -> None:
    message = "InternalServerError : Retried more than 15 times"
    with org.fault("bulk.failed", {"message": message}, kind="bulk_job"), pytest.raises(psycopg.Error) as caught:
        poll(large)
    assert caught.value.sqlstate == "SF015"
    assert message in str(caught.value.diag.message_detail)
    assert state(large) == "BULK_LOAD_ERROR"
    assert message in one(large, "SELECT last_error FROM sffdw.mappings")
    assert message in one(large, "SELECT message FROM sffdw.notifications")
    assert one(large, "SELECT next_poll_at > now() FROM sffdw.mapping")
    assert jobs_created(org, began) == 4
    poll(large)
    assert names(large) == all_names()
    assert state(large) == "DATA_SYNCED"
    assert one(large, "SELECT last_error FROM sffdw.mapping") is None


def test_case_60_a_wrong_count_is_asked_again(org: Org, large: Session) -> None:
    with org.fault("count.wrong", kind=["bulk_result", "bulk_job"], calls="2-5"):
        poll(large)
    assert names(large) == all_names()
    assert state(large) == "DATA_SYNCED"


def test_case_60_a_page_whose_count_is_wrong_once_is_asked_again_at_once(org: Org, large: Session, began: int) -> None:
    with org.fault("count.wrong", kind="bulk_result", calls="2"):
        poll(large)
    assert names(large) == all_names()
    assert jobs_created(org, began) == 1
    assert one(large, "SELECT count(*) FROM sffdw.log WHERE level IN ('WARNING', 'ERROR')") == 0


def test_case_60_a_count_that_stays_wrong_is_an_error(org: Org, large: Session) -> None:
    for kind, detail in [("bulk_result", "Sforce-NumberOfRecords says 21"),
                         ("bulk_job", "numberRecordsProcessed says 61")]:
        before = org.last_call()
        with org.fault("count.wrong", kind=kind), pytest.raises(psycopg.Error) as caught:
            poll(large)
        assert caught.value.sqlstate == "SF006"
        assert detail in str(caught.value.diag.message_detail)
        assert state(large) == "BULK_LOAD_ERROR"
        assert jobs_created(org, before) in (3, 4)
    poll(large)
    assert names(large) == all_names()


@pytest.mark.parametrize("call", ["1", "2"])
def test_case_62_a_page_that_is_cut_off_is_read_on(org: Org, large: Session, began: int, call: str) -> None:
    """The second one is asked for ahead, while the first is read."""
    with org.fault("http.cut", kind="bulk_result", calls=call):
        poll(large)
    assert names(large) == all_names()
    assert jobs_created(org, began) == 1
    assert pages_read(org, began) == 4
    assert one(large, "SELECT count(*) FROM sffdw.log WHERE level IN ('WARNING', 'ERROR')") == 0


def test_case_14_a_limit_ends_no_load(org: Org, large: Session, began: int) -> None:
    with org.fault("limit.daily", kind="bulk_result", calls="2"), pytest.raises(psycopg.Error) as caught:
        poll(large)
    assert caught.value.sqlstate == "SF004"
    assert state(large) != "DATA_SYNCED"
    assert one(large, "SELECT outcome FROM sffdw.sync_runs ORDER BY run_id LIMIT 1") == "error"
    poll(large)
    assert names(large) == all_names()
    assert jobs_created(org, began) == 1


def test_case_56_what_bulk_does_not_take_is_loaded_through_rest(org: Org, large: Session) -> None:
    with superuser(large) as admin:
        admin.execute("ALTER SERVER sf OPTIONS (ADD transport 'bulk')")
    parent = org.record("Account", org.sandbox.records("Account")[0]["Id"])
    assert parent
    org.create("Attachment", {"Name": "note.txt", "ParentId": parent["Id"], "Body": "aGVsbG8="})
    large.execute("SELECT sffdw.create_mapping('Attachment', fields => '{Name}')")
    poll(large, "Attachment")
    assert rows(large, "SELECT name FROM salesforce.attachment") == [("note.txt",)]
    assert one(large, "SELECT load_transport FROM sffdw.mapping WHERE object_name = 'Attachment'") == "REST"
    assert one(large, "SELECT count(*) FROM sffdw.log WHERE event = 'BULK LOAD THROUGH REST'") == 1


def test_rules_of_trouble_have_names(owner: Session) -> None:
    cases = [("SF005", 0, 1, True, "again"), ("SF006", 2, 1, True, "again"), ("SF006", 3, 1, True, "new job"),
             ("SF015", 0, 3, True, "new job"), ("SF015", 0, 4, True, "give up"), ("SF006", 3, 4, True, "give up"),
             ("SF005", 2, 0, False, "again"), ("SF005", 3, 0, False, "give up"), ("SF016", 0, 0, False, "through REST"),
             ("SF008", 0, 0, False, "give up"), ("SF008", 0, 1, True, "new job"), ("23505", 0, 1, True, "give up")]
    for sqlstate, errors, jobs, has_job, want in cases:
        assert one(owner, "SELECT sffdw.load_rule(%s, %s, %s, %s)", sqlstate, errors, jobs, has_job) == want


def test_case_62_a_load_that_cannot_create_its_job_ends_and_goes_on_later(org: Org, large: Session) -> None:
    with org.fault("http.status", {"status": 500}, kind="bulk_job"), pytest.raises(psycopg.Error) as caught:
        poll(large)
    assert caught.value.sqlstate == "SF005"
    assert state(large) == "BULK_LOAD_ERROR"
    poll(large)
    assert names(large) == all_names()


@pytest.mark.parametrize("refuses", ["RAISE check_violation;", "EXECUTE 'SELECT nowhere';"])
def test_case_17_a_record_that_the_table_refuses_is_set_aside(org: Org, large: Session, refuses: str) -> None:
    large.execute(f"CREATE FUNCTION salesforce.refuse() RETURNS trigger LANGUAGE plpgsql "
                  f"AS $$ BEGIN IF NEW.name = 'A 33' THEN {refuses} END IF; RETURN NEW; END $$")
    large.execute("CREATE TRIGGER refusing BEFORE INSERT ON salesforce.account "
                  "FOR EACH ROW EXECUTE FUNCTION salesforce.refuse()")
    poll(large)
    assert names(large) == [name for name in all_names() if name != "A 33"]
    assert one(large, "SELECT reason FROM sffdw.deferred_row") == "refused"


# --- an app at work meanwhile ---

def test_rows_of_an_app_are_adopted_and_kept(org: Org, large: Session) -> None:
    record_id, = org.create("Account", {"Name": "theirs", "External_Id__c": "x1", "Phone": "1"})
    large.execute("INSERT INTO salesforce.account (name, external_id__c) VALUES ('ours', 'x1'), ('new', 'x2')")
    poll(large)
    assert rows(large, "SELECT sfid, name, phone FROM salesforce.account WHERE name !~ '^A ' ORDER BY name") == [
        (None, "new", None), (record_id, "ours", "1")]
    assert len(names(large)) == COUNT + 2
    write(large)
    poll(large)
    assert sorted(org.names()) == sorted([*all_names(), "new", "ours"])
    assert len(names(large)) == COUNT + 2


def test_what_an_app_deletes_while_a_load_runs_stays_deleted(org: Org, large: Session) -> None:
    with org.fault("locator.expired", kind="bulk_result", calls="3"), \
            org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job", calls="from 2"):
        large.execute("CALL sffdw.poll(max_duration => '3 seconds')")
    assert 0 < len(names(large)) < COUNT
    first = names(large)[0]
    large.execute("DELETE FROM salesforce.account WHERE name = %s", [first])
    org.advance(200_000)
    poll(large)
    assert names(large) == [name for name in all_names() if name != first]


# --- reload ---

@pytest.fixture
def loaded(large: Session) -> Session:
    """The owner's session; 60 accounts are loaded, and the next load is through Bulk too."""
    poll(large)
    return large


@pytest.mark.parametrize("transport", ["Bulk", "REST"])
def test_a_reload_touches_only_rows_that_differ(org: Org, loaded: Session, transport: str) -> None:
    set_options(loaded, bulk_load_threshold=50 if transport == "Bulk" else 1000, page_size=20)
    before = dict(rows(loaded, "SELECT name, ROW(id, xmin)::text FROM salesforce.account"))
    ids = dict(rows(loaded, "SELECT name, sfid FROM salesforce.account"))
    loaded.execute("SET xmlbinary = 'hex'")
    loaded.execute("UPDATE salesforce.account SET phone = 'drifted' WHERE name = 'A 07'")
    loaded.execute("DELETE FROM salesforce.account WHERE name = 'A 08'")
    loaded.execute("INSERT INTO salesforce.account (sfid, name) VALUES ('001000000000ZZZAAA', 'not in Salesforce')")
    loaded.execute("RESET xmlbinary")
    org.act("delete", "Account", ids["A 09"])
    loaded.execute("SELECT sffdw.reload('account')")
    assert state(loaded) == "RELOAD_TABLE"
    poll(loaded)
    after = dict(rows(loaded, "SELECT name, ROW(id, xmin)::text FROM salesforce.account"))
    assert one(loaded, "SELECT load_transport FROM sffdw.mapping") == transport
    assert sorted(after) == [name for name in all_names() if name != "A 09"]
    assert {name for name in after if after[name] != before[name]} == {"A 07", "A 08"}
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE name = 'A 07'") is None
    assert rows(loaded, "SELECT read_count, inserted_count, updated_count, deleted_count, unchanged_count "
                        "FROM sffdw.sync_runs WHERE purpose = 'load' ORDER BY run_id DESC LIMIT 1") in (
        [(COUNT, 1, 1, 2, COUNT - 3)], [(COUNT, 1, 1, 2, COUNT - 2)])
    assert rows(loaded, "SELECT relname FROM pg_class WHERE relname ~ '^_load_'") == []


def test_a_narrower_row_filter_empties_most_of_the_table_and_a_reload_finds_the_same(org: Org, loaded: Session) -> None:
    loaded.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'name >= ''A 50'' AND site IS NULL')")
    poll(loaded)
    assert names(loaded) == all_names()[50:]
    began = org.last_call()
    loaded.execute("SELECT sffdw.reload()")
    poll(loaded)
    assert names(loaded) == all_names()[50:]
    assert jobs_created(org, began) == 1
    assert rows(loaded, "SELECT FROM sffdw.held_change") == []


def test_a_reload_replaces_in_one_transaction(org: Org, loaded: Session, app: Session, connect: Connect) -> None:
    ids = dict(rows(loaded, "SELECT name, sfid FROM salesforce.account"))
    org.sandbox.change(*[{"op": "update", "object": "Account", "id": record_id, "values": {"Name": f"B {name}"}}
                         for name, record_id in ids.items()])
    loader = connect()
    loaded.execute("SELECT sffdw.reload()")
    seen: set[int] = set()
    with org.fault("http.latency", {"ms": 100}), background(lambda: poll(loader)) as raised:
        while COUNT not in seen:
            seen.add(one(app, "SELECT count(*) FROM salesforce.account WHERE name ~ '^B '"))
            app.commit()
    assert not raised
    assert seen == {0, COUNT}


def test_a_reload_leaves_what_is_not_sent(org: Org, loaded: Session) -> None:
    ids = dict(rows(loaded, "SELECT name, sfid FROM salesforce.account"))
    loaded.execute("UPDATE salesforce.account SET name = 'ours' WHERE name = 'A 01'")
    loaded.execute("DELETE FROM salesforce.account WHERE name = 'A 02'")
    loaded.execute("INSERT INTO salesforce.account (name) VALUES ('new here')")
    org.update("Account", ids["A 01"], Name="theirs", Phone="2")
    loaded.execute("SELECT sffdw.reload()")
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account WHERE name !~ '^A ' ORDER BY name") == [
        ("new here", None), ("ours", "2")]
    assert one(loaded, "SELECT count(*) FROM salesforce.account WHERE name = 'A 02'") == 0
    write(loaded)
    poll(loaded)
    assert sorted(org.names()) == sorted(names(loaded))
    assert len(names(loaded)) == COUNT


def test_a_record_that_is_written_while_a_reload_reads_is_not_taken_for_gone(org: Org, large: Session) -> None:
    poll(large)
    large.execute("SELECT sffdw.reload()")
    with org.fault("bulk.failed", kind="bulk_job"), pytest.raises(psycopg.Error):
        poll(large)
    assert state(large) == "BULK_LOAD_ERROR"
    large.execute("INSERT INTO salesforce.account (name) VALUES ('meanwhile')")
    write(large)
    large.execute("CALL sffdw.maintain(now() + interval '2 hours')")
    local_id, sfid = rows(large, "SELECT id, sfid FROM salesforce.account WHERE name = 'meanwhile'")[0]
    assert sfid
    poll(large)
    assert rows(large, "SELECT id, sfid FROM salesforce.account WHERE name = 'meanwhile'") == [(local_id, sfid)]


def test_case_22_a_reload_that_misses_most_rows_deletes_none(org: Org, loaded: Session) -> None:
    with org.fault("rows.hidden", {"fraction": 0.9}):
        loaded.execute("SELECT sffdw.reload()")
        poll(loaded)
    assert len(names(loaded)) == COUNT
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'DELETES HELD'") >= 1


def test_a_dropped_mapping_leaves_nothing_of_its_reload(org: Org, large: Session) -> None:
    poll(large)
    large.execute("SELECT sffdw.reload()")
    with org.fault("bulk.slow", {"seconds": 100_000}, kind="bulk_job"):
        large.execute("CALL sffdw.poll(max_duration => '1 second')")
    assert one(large, "SELECT count(*) FROM pg_class WHERE relname ~ '^_load_'") == 1
    large.execute("SELECT sffdw.drop_mapping('Account')")
    assert one(large, "SELECT count(*) FROM pg_class WHERE relname ~ '^_load_'") == 0
    assert one(large, "SELECT count(*) FROM sffdw.load_chunk") == 0
