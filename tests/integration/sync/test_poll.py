"""Changes from Salesforce: found once, whatever their time; merged without touching what did not change."""

import datetime as dt
import json
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]
ALL = "SELECT name FROM salesforce.account ORDER BY name"


@pytest.fixture
def loaded(org: Org, account: Session) -> Session:
    org.create("Account", *[{"Name": f"A {n}", "Phone": str(n)} for n in range(3)])
    poll(account)
    return account


def ids_by_name(session: Session) -> dict[str, str]:
    return dict(rows(session, "SELECT name, sfid FROM salesforce.account"))


def test_a_change_arrives_and_only_its_row_is_rewritten(org: Org, loaded: Session) -> None:
    before = dict(rows(loaded, "SELECT name, xmin::text FROM salesforce.account"))
    org.update("Account", ids_by_name(loaded)["A 1"], Phone="changed")
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 0", "0"), ("A 1", "changed"), ("A 2", "2")]
    after = dict(rows(loaded, "SELECT name, xmin::text FROM salesforce.account"))
    assert {name for name in after if after[name] != before[name]} == {"A 1"}
    assert log(loaded) == []


def test_a_new_record_arrives_and_the_sequence_moves_by_one(org: Org, loaded: Session) -> None:
    last = one(loaded, "SELECT max(id) FROM salesforce.account")
    org.create("Account", {"Name": "new"})
    poll(loaded)
    poll(loaded)
    assert one(loaded, "SELECT id FROM salesforce.account WHERE name = 'new'") == last + 1
    assert one(loaded, "SELECT last_value FROM salesforce.account_id_seq") == last + 1


def test_a_poll_of_nothing_changes_nothing(org: Org, loaded: Session) -> None:
    before, mark = rows(loaded, "SELECT xmin::text FROM salesforce.account"), org.last_call()
    poll(loaded, "account", force=False)
    assert org.calls("query", mark) == []
    poll(loaded, "Account")
    assert len(org.calls("query", mark)) == 1
    assert rows(loaded, "SELECT xmin::text FROM salesforce.account") == before


def test_case_1_a_record_that_commits_late_arrives_once(org: Org, loaded: Session) -> None:
    late = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=3)).isoformat()
    org.create("Account", {"Name": "late"}, at=late)
    poll(loaded)
    poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 1",), ("A 2",), ("late",)]


def test_case_3_five_thousand_records_of_one_second_all_arrive(org: Org, loaded: Session) -> None:
    stamp = dt.datetime.now(dt.UTC).isoformat()
    org.create("Account", *[{"Name": f"tie {n}"} for n in range(5000)], at=stamp)
    mark = org.last_call()
    poll(loaded)
    assert one(loaded, "SELECT count(DISTINCT sfid) FROM salesforce.account WHERE name LIKE 'tie %'") == 5000
    made = org.calls("query", mark) + org.calls("query_more", mark)
    # After the first full page the rest is counted, which may be for Bulk.
    assert [("COUNT()" in call["path"]) for call in made] == [False, True, False, False]


def test_case_7_a_touch_that_changes_no_value_fires_no_trigger(org: Org, loaded: Session) -> None:
    loaded.execute("CREATE TABLE salesforce.fired (at timestamptz DEFAULT now());"
                   "CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN INSERT INTO salesforce.fired DEFAULT VALUES; RETURN NULL; END $$;"
                   "CREATE TRIGGER note AFTER UPDATE ON salesforce.account FOR EACH ROW "
                   "EXECUTE FUNCTION salesforce.note()")
    org.act("touch", "Account", ids_by_name(loaded)["A 0"])
    poll(loaded)
    assert one(loaded, "SELECT count(*) FROM salesforce.fired") == 0


def test_case_8_a_change_whose_last_modified_date_is_back_dated_arrives(org: Org, loaded: Session) -> None:
    record_id = ids_by_name(loaded)["A 1"]
    org.sandbox.change({"op": "update", "object": "Account", "id": record_id, "values": {
        "Phone": "back-dated", "LastModifiedDate": "2010-01-01T00:00:00Z"}}, raw=True)
    record = org.record("Account", record_id)
    assert record is not None
    assert record["LastModifiedDate"] < "2011" < record["SystemModstamp"]
    poll(loaded)
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE name = 'A 1'") == "back-dated"


def test_case_14_a_failed_page_is_the_state_of_the_mapping(org: Org, loaded: Session) -> None:
    set_options(loaded, page_size=10)
    org.create("Account", *[{"Name": f"B {n}"} for n in range(25)])
    watermark = one(loaded, "SELECT watermark_at FROM sffdw.mapping")
    with org.fault("query.timeout", calls="3-10", kind="query"), pytest.raises(psycopg.Error) as raised:
        poll(loaded)
    assert raised.value.diag.message_hint
    state, error, mark, cursor = rows(
        loaded, "SELECT state, last_error, watermark_at, cursor_id FROM sffdw.mapping")[0]
    assert (state, mark) == ("SYSTEM_ERROR", watermark)
    assert "QUERY_TIMEOUT" in error
    assert cursor
    assert one(loaded, "SELECT outcome FROM sffdw.sync_runs ORDER BY run_id DESC LIMIT 1") == "error"
    assert one(loaded, "SELECT count(*) FROM sffdw.notifications WHERE event_type = 'mapping-error'") == 1
    poll(loaded)
    assert one(loaded, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"
    assert one(loaded, "SELECT count(*) FROM salesforce.account") == 28


def test_case_15_a_soft_delete_arrives(org: Org, loaded: Session) -> None:
    org.act("delete", "Account", ids_by_name(loaded)["A 1"])
    poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 2",)]
    assert log(loaded) == []


def test_case_16_a_hard_delete_arrives_by_the_delete_log(org: Org, loaded: Session) -> None:
    record_id = ids_by_name(loaded)["A 1"]
    org.act("delete", "Account", record_id)
    org.act("hard_delete", "Account", record_id)
    org.advance(120)
    poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 2",)]


@pytest.mark.parametrize("params", [{"hours": 1}, {"hours": 1, "refuse": True}])
def test_case_17_where_the_delete_log_ends_all_records_are_compared(
        org: Org, loaded: Session, params: dict[str, Any]) -> None:
    record_id = ids_by_name(loaded)["A 1"]
    org.act("delete", "Account", record_id)
    org.act("hard_delete", "Account", record_id)
    loaded.execute("UPDATE sffdw.mapping SET deleted_until = deleted_until - interval '2 hours'")
    with org.fault("deleted.purged", params):
        poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 2",)]
    assert one(loaded, "SELECT count(*) FROM sffdw.log WHERE event = 'DELETES MISSED'") == 1
    assert one(loaded, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"


def test_case_18_the_losers_of_a_merge_go(org: Org, loaded: Session) -> None:
    found = ids_by_name(loaded)
    org.sandbox.change({"op": "merge", "object": "Account", "master_id": found["A 0"], "id": found["A 1"],
                        "ids": [found["A 1"]]})
    poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 2",)]


def test_case_19_an_undeleted_record_comes_back_and_stays(org: Org, loaded: Session) -> None:
    record_id = ids_by_name(loaded)["A 1"]
    org.act("delete", "Account", record_id)
    poll(loaded)
    org.act("undelete", "Account", record_id)
    org.advance(120)
    poll(loaded)
    poll(loaded)
    assert rows(loaded, ALL) == [("A 0",), ("A 1",), ("A 2",)]


def test_a_record_deleted_and_undeleted_between_two_polls_stays(org: Org, loaded: Session) -> None:
    record_id, row_id = rows(loaded, "SELECT sfid, id FROM salesforce.account WHERE name = 'A 1'")[0]
    org.act("delete", "Account", record_id)
    org.act("undelete", "Account", record_id)
    org.advance(120)
    poll(loaded)
    assert one(loaded, "SELECT id FROM salesforce.account WHERE sfid = %s", record_id) == row_id


def test_case_21_an_object_without_isdeleted_is_polled(org: Org, owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('User', fields => '{Username,Email}')")
    poll(owner)
    assert one(owner, 'SELECT count(*) FROM salesforce."user"') == len(org.sandbox.records("User"))


def test_case_39_times_are_utc_whatever_the_session_says(org: Org, account: Session) -> None:
    account.execute("SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'")
    record_id = org.create("Account", {"Name": "noon"})[0]
    poll(account)
    record = org.record("Account", record_id)
    assert record is not None
    created, stamp = rows(account, "SELECT createddate, systemmodstamp FROM salesforce.account")[0]
    assert created == dt.datetime.fromisoformat(record["CreatedDate"]).astimezone(dt.UTC).replace(tzinfo=None)
    assert stamp == dt.datetime.fromisoformat(record["SystemModstamp"]).astimezone(dt.UTC).replace(tzinfo=None)


def test_unique_identifiers_that_swap_are_merged(org: Org, account: Session) -> None:
    """Those of a unique index of the user's too, as Heroku Connect made them for any field."""
    first, second = org.create("Account", {"Name": "one", "External_Id__c": "x", "Phone": "1"},
                               {"Name": "two", "External_Id__c": "y", "Phone": "2"})
    account.execute("CREATE UNIQUE INDEX hcu_idx_account_phone ON salesforce.account (phone)")
    poll(account)
    org.update("Account", first, External_Id__c=None)
    org.update("Account", second, External_Id__c="x", Phone="1")
    org.update("Account", first, External_Id__c="y", Phone="2")
    poll(account)
    assert rows(account, "SELECT name, external_id__c, phone FROM salesforce.account ORDER BY name") == [
        ("one", "y", "2"), ("two", "x", "1")]
    assert rows(account, "SELECT * FROM sffdw.deferred_row") == []


def test_a_record_deleted_and_made_again_with_its_identifier_is_merged(org: Org, account: Session) -> None:
    old = org.create("Account", {"Name": "old", "External_Id__c": "x"})[0]
    poll(account)
    org.act("delete", "Account", old)
    new = org.create("Account", {"Name": "new", "External_Id__c": "x"})[0]
    poll(account)
    assert rows(account, "SELECT name, sfid FROM salesforce.account") == [("new", new)]


def test_a_row_that_the_table_refuses_is_set_aside_and_comes_later(org: Org, loaded: Session) -> None:
    loaded.execute("ALTER TABLE salesforce.account ADD CONSTRAINT short CHECK (length(phone) < 5)")
    org.create("Account", {"Name": "bad", "Phone": "123456"}, {"Name": "good", "Phone": "1"})
    poll(loaded)
    assert rows(loaded, "SELECT name FROM salesforce.account WHERE name IN ('bad', 'good')") == [("good",)]
    reason, error = rows(loaded, "SELECT reason, error FROM sffdw.deferred_row")[0]
    assert reason == "refused"
    assert '"short"' in error
    assert rows(loaded, "SELECT state, deferred_count FROM sffdw.mappings") == [("DATA_SYNCED", 1)]
    poll(loaded)
    told = rows(loaded, "SELECT message FROM sffdw.notifications WHERE event_type = 'row-refused'")
    assert len(told) == 1
    assert told[0][0].startswith("Account: 1 records were refused") and '"short"' in told[0][0]
    assert one(loaded, "SELECT row_count FROM sffdw.log WHERE event = 'ROWS REFUSED'") == 1
    org.create("Account", {"Name": "worse", "Phone": "1234567"})
    poll(loaded)
    assert one(loaded, "SELECT message FROM sffdw.notifications WHERE event_type = 'row-refused'").startswith(
        "Account: 2 records were refused")
    loaded.execute("ALTER TABLE salesforce.account DROP CONSTRAINT short")
    loaded.execute("UPDATE sffdw.mapping SET watermark_at = watermark_at + interval '1 hour'")
    poll(loaded)
    assert one(loaded, "SELECT phone FROM salesforce.account WHERE name = 'bad'") == "123456"
    assert one(loaded, "SELECT deferred_count FROM sffdw.mappings") == 0
    assert rows(loaded, "SELECT * FROM sffdw.deferred_row") == []


REFUSING = {
    "a right": "RAISE EXCEPTION 'not for you' USING ERRCODE = '42501';",
    "a column": "EXECUTE 'SELECT nowhere';",
}


@pytest.mark.parametrize("body", REFUSING.values(), ids=REFUSING)
def test_case_17_a_row_for_which_a_trigger_lacks_something_stops_no_other(org: Org, loaded: Session,
                                                                         body: str) -> None:
    refuse_accounts(loaded, f"IF NEW.name LIKE 'bad%%' THEN {body} END IF;")
    bad = org.create("Account", {"Name": "bad"})
    poll(loaded)
    org.create("Account", {"Name": "good"}, {"Name": "bad too"}, {"Name": "fine"})
    poll(loaded)
    assert rows(loaded, "SELECT name FROM salesforce.account WHERE name IN ('good', 'fine') ORDER BY 1") == [
        ("fine",), ("good",)]
    assert rows(loaded, "SELECT reason, right(error, 7) LIKE '(42___)' FROM sffdw.deferred_row") == [
        ("refused", True)] * 2
    assert one(loaded, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"
    loaded.execute("DROP TRIGGER refusing ON salesforce.account")
    poll(loaded)
    assert rows(loaded, "SELECT name FROM salesforce.account WHERE sfid = ANY (%s)", bad) == [("bad",)]
    assert rows(loaded, "SELECT * FROM sffdw.deferred_row") == []


@pytest.mark.parametrize("change", [
    "REVOKE INSERT ON salesforce.account FROM CURRENT_USER",
    "",
], ids=["a right on the table", "every row"])
def test_what_is_wrong_with_the_table_itself_sets_no_row_aside(org: Org, loaded: Session, change: str) -> None:
    if change:
        loaded.execute(change)  # type: ignore[call-overload]
    else:
        # What was merged before, and is read again, is beyond the window.
        org.advance(600)
        poll(loaded)
        refuse_accounts(loaded, REFUSING["a right"])
    org.create("Account", *[{"Name": name} for name in ("x", "y")[:1 if change else 2]])
    with pytest.raises(psycopg.Error) as caught:
        poll(loaded)
    assert caught.value.sqlstate == "42501"
    assert rows(loaded, "SELECT * FROM sffdw.deferred_row") == []
    assert one(loaded, "SELECT state FROM sffdw.mapping") == "SYSTEM_ERROR"


def refuse_accounts(session: Session, body: str) -> None:
    session.execute(f"CREATE FUNCTION salesforce.refuse_account() RETURNS trigger LANGUAGE plpgsql "
                    f"AS $$ BEGIN {body} RETURN NEW; END $$")  # type: ignore[call-overload]
    session.execute("CREATE TRIGGER refusing BEFORE INSERT OR UPDATE ON salesforce.account "
                    "FOR EACH ROW EXECUTE FUNCTION salesforce.refuse_account()")


def test_case_47_a_text_longer_than_its_column_is_set_aside(org: Org, loaded: Session) -> None:
    loaded.execute("ALTER TABLE salesforce.account ALTER description TYPE varchar(5)")
    org.create("Account", {"Name": "long", "Description": "123456789"}, {"Name": "fits", "Description": "12345"})
    poll(loaded)
    assert rows(loaded, "SELECT description FROM salesforce.account WHERE name IN ('long', 'fits')") == [("12345",)]
    assert one(loaded, "SELECT error LIKE '%%value too long%%' FROM sffdw.deferred_row")


def test_changes_are_announced_with_their_ids(org: Org, loaded: Session, connect: Any) -> None:
    listener = connect()
    listener.execute('LISTEN "salesforce.account"')
    found = dict(rows(loaded, "SELECT name, id FROM salesforce.account"))
    ids = ids_by_name(loaded)
    org.update("Account", ids["A 0"], Phone="x")
    org.act("delete", "Account", ids["A 1"])
    poll(loaded)
    heard = [json.loads(note.payload) for note in listener.notifies(timeout=5, stop_after=2)]
    assert heard == [{"ids": [found["A 1"]], "op": "DELETE"}, {"ids": [found["A 0"]], "op": "UPDATE"}]


def test_only_inbound_changes_fire_a_trigger_that_asks_for_them(org: Org, loaded: Session) -> None:
    loaded.execute("CREATE TABLE salesforce.fired (name text);"
                   "CREATE FUNCTION salesforce.note() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN INSERT INTO salesforce.fired VALUES (NEW.name); RETURN NULL; END $$;"
                   "CREATE TRIGGER note AFTER UPDATE ON salesforce.account FOR EACH ROW "
                   "WHEN (public.get_xmlbinary()::text <> 'base64') EXECUTE FUNCTION salesforce.note()")
    loaded.execute("UPDATE salesforce.account SET phone = 'app' WHERE name = 'A 0'")
    assert rows(loaded, "SELECT name FROM salesforce.fired") == []
    org.update("Account", ids_by_name(loaded)["A 1"], Phone="org")
    poll(loaded)
    assert rows(loaded, "SELECT name FROM salesforce.fired") == [("A 1",)]


def test_a_trigger_that_answers_with_a_change_of_its_own_is_captured(org: Org, loaded: Session) -> None:
    loaded.execute("""
        CREATE FUNCTION salesforce.answer() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SET LOCAL xmlbinary TO 'base64';
            UPDATE salesforce.account SET description = 'seen' WHERE id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER answer AFTER UPDATE OF phone ON salesforce.account FOR EACH ROW
        WHEN (get_xmlbinary()::text <> 'base64' AND OLD.phone IS DISTINCT FROM NEW.phone)
        EXECUTE FUNCTION salesforce.answer()""")
    ids = ids_by_name(loaded)
    for name in ("A 0", "A 1"):
        org.update("Account", ids[name], Phone="x")
    poll(loaded)
    assert log(loaded, 'action, state, "values"') == [("UPDATE", "NEW", '"description"=>"seen"')] * 2
    write(loaded)
    assert {org.record("Account", ids[name])["Description"] for name in ("A 0", "A 1")} == {"seen"}  # type: ignore[index]


def test_a_deferred_trigger_runs_before_the_commit_and_is_not_captured(org: Org, loaded: Session) -> None:
    loaded.execute("""
        CREATE FUNCTION salesforce.later() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE salesforce.account SET description = 'later'
            WHERE id = NEW.id AND description IS DISTINCT FROM 'later';
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON salesforce.account DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION salesforce.later()""")
    org.update("Account", ids_by_name(loaded)["A 0"], Phone="x")
    poll(loaded)
    assert one(loaded, "SELECT description FROM salesforce.account WHERE name = 'A 0'") == "later"
    assert log(loaded) == []


def test_a_column_that_the_org_hides_keeps_its_values(org: Org, loaded: Session) -> None:
    loaded.execute("ALTER FOREIGN TABLE salesforce_live.account DROP COLUMN phone")
    org.update("Account", ids_by_name(loaded)["A 0"], Name="B 0", Phone="not seen")
    poll(loaded)
    assert rows(loaded, "SELECT name, phone FROM salesforce.account ORDER BY name") == [
        ("A 1", "1"), ("A 2", "2"), ("B 0", "0")]


def test_a_poll_inside_a_transaction_block_is_refused(loaded: Session) -> None:
    with pytest.raises(psycopg.errors.InvalidTransactionTermination), loaded.transaction():
        poll(loaded)


def test_a_superuser_is_refused(loaded: Session, connect: Any) -> None:
    session = connect(user="postgres")
    for call in ("poll()", "write()", "maintain()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as raised:
            session.execute(f"CALL sffdw.{call}")
        assert "SET ROLE crm_owner" in str(raised.value.diag.message_hint)


def test_a_poll_of_an_unknown_object_is_refused(loaded: Session) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject):
        poll(loaded, "Nothing__c")


def test_a_second_run_says_that_the_first_is_at_work(org: Org, loaded: Session, connect: Any) -> None:
    first, second = connect(), connect()
    first.execute("SELECT sffdw.take_run_lock(connection_id, 'poll', 0) FROM sffdw.connection")
    heard: list[str] = []
    second.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
    watermark = one(loaded, "SELECT last_poll_at FROM sffdw.mapping")
    poll(second)
    assert heard == ["poll of this connection is already running"]
    assert one(loaded, "SELECT last_poll_at FROM sffdw.mapping") == watermark


def test_a_cancelled_poll_gives_up_its_lock(org: Org, loaded: Session, connect: Any) -> None:
    session = connect()
    session.execute("SET statement_timeout = '500ms'")
    with org.fault("http.latency", {"ms": 5000}, kind="query"), pytest.raises(psycopg.errors.QueryCanceled):
        poll(session)
    session.execute("RESET statement_timeout")
    assert one(loaded, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    poll(loaded)
    assert one(loaded, "SELECT state FROM sffdw.mapping") == "DATA_SYNCED"
