"""The states of an entry and of a row by the contract, one case a row of it: what sets them and what they lead to.

What the triggers write is proved without an org in tests/integration/capture.
"""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.heroku import Left, exported
from tests.integration.sync.org import Org, log, one, poll, rows, write

Session = psycopg.Connection[Any]
ENTRIES = """SELECT l.* FROM (TABLE salesforce._trigger_log UNION ALL TABLE salesforce._trigger_log_archive) l"""
# Row of the contract, and what must hold of the entry (l) or row (t) after the life that `lived` leads.
LIFE = [
    ("2.3 NEW → PENDING → SUCCESS", "name = 'good'", "l.state = 'SUCCESS'"),
    ("2.3 NEW → PENDING → FAILED", "name = 'bad'", "l.state = 'FAILED'"),
    ("2.3 IGNORE → IGNORED", "name = 'same'", "l.state = 'IGNORED'"),
    ("2.3 READONLY is final", "name = 'read only'", "l.state = 'READONLY'"),
    ("2.3 processed_at, processed_tx, updated_at of what is handled", "name = 'good'",
     "l.processed_at > l.created_at AND l.processed_tx > 0 AND l.updated_at > l.created_at"),
    ("2.3 processed_at and updated_at of what failed", "name = 'bad'",
     "l.processed_at > l.created_at AND l.updated_at > l.created_at"),
    ("2.4 sf_result is the answer's code", "name = 'good'", "l.sf_result = 201"),
    ("2.4 sf_result of a failure is the answer's code too", "name = 'bad'", "l.sf_result = 400"),
    ("2.4 sf_message is code and message", "name = 'bad'", "l.sf_message LIKE 'STRING_TOO_LONG: %'"),
    ("2.4 sf_message is empty where all is well", "name = 'good'", "l.sf_message IS NULL"),
    ("2.4 _hc_err is JSON", "name = 'bad'",
     "t._hc_err::jsonb ?& ARRAY['code', 'message', 'fields', 'entry_id', 'at'] "
     "AND t._hc_err::jsonb ->> 'code' = 'STRING_TOO_LONG'"),
    ("2.4 _hc_err is empty where all is well", "name = 'good'", "t._hc_err IS NULL"),
    ("2.4 _hc_lastop INSERTED", "name = 'good'", "t._hc_lastop = 'INSERTED' AND t.sfid = l.sfid"),
    ("2.4 _hc_lastop UPDATED", "name = 'updated'", "t._hc_lastop = 'UPDATED'"),
    ("2.4 _hc_lastop FAILED", "name = 'bad'", "t._hc_lastop = 'FAILED' AND t.sfid IS NULL"),
    ("2.4 _hc_lastop PENDING", "name = 'read only'", "t._hc_lastop = 'PENDING'"),
    ("2.4 _hc_lastop SYNCED of what came from Salesforce", "name = 'theirs'",
     "t._hc_lastop = 'SYNCED' AND l.id IS NULL"),
    ("2.5 what apps ask to find errors", "name = 'bad'",
     "(l.table_name, l.record_id, l.action, l.state) = ('account', t.id, 'INSERT', 'FAILED')"),
    ("2.1 a delete's entry outlives its row", "name = 'deleted'", "t.id IS NULL AND l.state = 'SUCCESS'"),
]


@pytest.fixture
def lived(org: Org, account: Session) -> Session:
    """Changes of every kind, sent as far as they are."""
    org.create("Account", *[{"Name": name} for name in ("same", "to update", "theirs", "deleted")])
    poll(account)
    with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "no"}, calls="1", kind="collections"):
        account.execute("INSERT INTO salesforce.account (name) VALUES ('bad')")
        write(account)
    account.execute("INSERT INTO salesforce.account (name) VALUES ('good');"
                    "UPDATE salesforce.account SET name = 'same' WHERE name = 'same';"
                    "UPDATE salesforce.account SET name = 'updated' WHERE name = 'to update';"
                    "DELETE FROM salesforce.account WHERE name = 'deleted'")
    write(account)
    account.execute("SELECT sffdw.alter_mapping('Account', access => 'read_only')")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('read only')")
    write(account)
    account.execute("SELECT sffdw.alter_mapping('Account', access => 'read_write')")
    return account


def test_every_row_about_states_holds(org: Org, lived: Session) -> None:
    case = """
        SELECT {want}
        FROM (SELECT * FROM salesforce.account WHERE {name}) t
        FULL JOIN (SELECT * FROM salesforce._trigger_log
                   WHERE coalesce("values"::hstore -> 'name', old::hstore -> 'name') = {value}) l
        ON l.record_id = t.id"""
    broken = [title for title, name, want in LIFE
              if rows(lived, case.format(want=want, name=name, value=name.removeprefix("name = "))) != [(True,)]]
    assert not broken, f"rows that do not hold: {broken}"
    # 2.1: what is settled moves to the archive, columns and ids as they were; READONLY with it, FAILED later.
    before = rows(lived, ENTRIES + " WHERE l.state <> 'FAILED' ORDER BY l.id")
    poll(lived)
    lived.execute("CALL sffdw.maintain()")
    left = log(lived, "state")
    assert ("FAILED",) in left, "2.5 what failed stays in the log for a day"
    archived = rows(lived, "TABLE salesforce._trigger_log_archive ORDER BY id")
    assert (archived, len(left)) == (before, 1), "2.3 what is settled moves to the archive as it is"
    assert "read only" not in org.names()


def test_an_entry_is_pending_from_its_claim_until_its_answer_is_written_back(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('new')")
    batch = one(account, "SELECT sffdw.claim_entries(connection_id) FROM sffdw.connection")
    assert log(account) == [("INSERT", "PENDING")], "2.3 PENDING: it is being processed"
    account.execute("SELECT sffdw.send_batch(connection_id, %s) FROM sffdw.connection", [batch])
    assert (log(account), org.names()) == ([("INSERT", "PENDING")], ["new"])
    write(account)
    assert log(account) == [("INSERT", "SUCCESS")]


def test_entries_of_a_record_are_folded_into_one(org: Org, account: Session) -> None:
    account.execute("SELECT sffdw.alter_connection(write_algorithm => 'merged')")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('one'); UPDATE salesforce.account SET name = 'two'")
    write(account)
    assert log(account) == [("INSERT", "SUCCESS"), ("UPDATE", "MERGED")], "2.3 MERGED: folded into another entry"
    assert org.names() == ["two"]


def test_only_an_outage_has_a_change_sent_again_by_itself(org: Org, account: Session) -> None:
    refused = [("2.5 an outage: queued and sent again by itself", "SERVER_UNAVAILABLE", "NEW", ["tried"]),
               ("2.5 any other error: nothing is sent again by itself", "STRING_TOO_LONG", "FAILED", [])]
    for title, code, state, names in refused:
        account.execute("INSERT INTO salesforce.account (name) VALUES ('tried')")
        with org.fault("dml.error", {"code": code, "message": "no"}):
            write(account)
        assert log(account) == [("INSERT", state)], title
        account.execute("UPDATE sffdw.write_claim SET next_try_at = now(); "
                        "UPDATE sffdw.connection SET write_pause_until = NULL")
        write(account)
        assert org.names() == names, title
        org.sandbox.call("POST", "/reset", {"org_id": org.sandbox.call("GET", "/")["org_id"]})
        account.execute("DELETE FROM salesforce._trigger_log; SET xmlbinary = 'hex'; DELETE FROM salesforce.account; "
                        "RESET xmlbinary")


# Row of the contract, what the user does with the one FAILED entry or its row, the states afterwards, sent or not.
REPAIRS = [
    ("2.3 FAILED → NEW: sent again in place",
     "UPDATE salesforce._trigger_log SET state = 'NEW' WHERE state = 'FAILED'", ["SUCCESS"], True),
    ("2.3 FAILED → IGNORED: dismissed",
     "UPDATE salesforce._trigger_log SET state = 'IGNORED' WHERE state = 'FAILED'", ["IGNORED"], False),
    ("2.5 dismissed by a person",
     "SELECT sffdw.dismiss()", ["IGNORED"], False),
    ("2.5 captured again as an insert",
     "SELECT salesforce.hc_capture_insert_from_row(hstore(t.*), 'account') FROM salesforce.account t",
     ["FAILED", "SUCCESS"], True),
    ("2.5 retried by a person",
     "SELECT sffdw.retry()", ["REQUEUED", "SUCCESS"], True),
    ("2.3 archived FAILED → REQUEUE → REQUEUED and a new entry",
     "CALL sffdw.maintain(at => now() + interval '25 hours');"
     "UPDATE salesforce._trigger_log_archive SET state = 'REQUEUE' WHERE state = 'FAILED';CALL sffdw.maintain()",
     ["REQUEUED", "SUCCESS"], True),
    ("2.5 copied back by a client library, the archived one marked",
     "CALL sffdw.maintain(at => now() + interval '25 hours');"
     "INSERT INTO salesforce._trigger_log (txid, created_at, state, action, table_name, record_id, \"values\") "
     "SELECT txid, created_at, 'NEW', action, table_name, record_id, \"values\" FROM salesforce._trigger_log_archive "
     "WHERE state = 'FAILED';UPDATE salesforce._trigger_log_archive SET state = 'REQUEUED'",
     ["REQUEUED", "SUCCESS"], True),
]


def test_every_way_to_repair_a_failure_leads_where_the_contract_says(org: Org, account: Session) -> None:
    for title, repair, states, is_sent in REPAIRS:
        with org.fault("dml.error", {"code": "STRING_TOO_LONG", "message": "no"}):
            account.execute("INSERT INTO salesforce.account (name) VALUES (%s)", [title])
            write(account)
        assert log(account, "state") == [("FAILED",)], title
        for statement in repair.split(";"):
            account.execute(statement)
        write(account)
        found = rows(account, ENTRIES.replace("l.*", "l.state") + " ORDER BY l.id")
        assert [state for state, in found] == states, title
        assert (title in org.names()) is is_sent, title
        assert one(account, "SELECT count(*) FROM sffdw.write_errors") == states.count("FAILED"), title
        account.execute("DELETE FROM salesforce._trigger_log; DELETE FROM salesforce._trigger_log_archive;"
                        "SET xmlbinary = 'hex'; DELETE FROM salesforce.account; RESET xmlbinary")


def test_an_adopted_database_goes_on_with_its_new_failed_and_archived_entries(
        org: Org, live: Session, database: Session) -> None:
    """2.3, as another program left them: txids of another server, codes in sf_message only."""
    org.create("Account", *[{"Name": f"A {n}"} for n in range(4)])
    left = Left(live, org)
    left.build(database)
    entry = {"action": "UPDATE", "table_name": "account", "txid": 1 << 40, "old": '"name"=>"A"'}
    left.log(**entry, state="NEW", record_id=1, sfid=left.records[0], values='"name"=>"was new"')
    for number, name in ((1, "tried again"), (2, "dismissed")):
        left.log(**entry, state="FAILED", record_id=number + 1, sfid=left.records[number],
                 values=f'"name"=>"{name}"', sf_message="STRING_TOO_LONG: no", sf_result=1)
    live.execute("INSERT INTO salesforce._trigger_log_archive (id, state, action, table_name, record_id, sfid, "
                 "\"values\", created_at, sf_message) VALUES (900, 'FAILED', 'UPDATE', 'account', 4, %s, "
                 "'\"name\"=>\"requeued\"', now(), 'UNABLE_TO_LOCK_ROW: no')", [left.records[3]])
    rows(live, "SELECT FROM sffdw.adopt_schema('salesforce', 'sf', %s::jsonb)", exported())
    live.execute("SELECT sffdw.resume('out')")
    assert rows(live, "SELECT archived, status_code FROM sffdw.write_errors ORDER BY entry_id") == [
        (False, "STRING_TOO_LONG"), (False, "STRING_TOO_LONG"), (True, "UNABLE_TO_LOCK_ROW")]
    ids = [entry_id for entry_id, in log(live, "id")]
    live.execute("UPDATE salesforce._trigger_log SET state = 'NEW' WHERE id = %s", [ids[1]])
    live.execute("UPDATE salesforce._trigger_log SET state = 'IGNORED' WHERE id = %s", [ids[2]])
    live.execute("UPDATE salesforce._trigger_log_archive SET state = 'REQUEUE'")
    live.execute("CALL sffdw.maintain()")
    write(live)
    assert org.names() == ["A 2", "requeued", "tried again", "was new"]
    assert one(live, "SELECT state FROM salesforce._trigger_log_archive WHERE id = 900") == "REQUEUED"
    assert rows(live, "SELECT FROM sffdw.write_errors") == []
