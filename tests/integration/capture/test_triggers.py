"""What the capture trigger logs and what the status trigger forces, row by row of the contract."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from .queries import Session, rows

SFID = "001000000000001AAA"


def log_of(session: Session) -> list[dict[str, Any]]:
    with session.cursor(row_factory=dict_row) as cursor:
        return rows(cursor, "SELECT * FROM salesforce._trigger_log ORDER BY id")


def hstore(session: Session, text: str) -> dict[str, str | None]:
    row = session.execute("SELECT hstore_to_json(%s::hstore)", [text]).fetchone()
    assert row is not None
    return dict(row[0])


def from_salesforce(session: Session, statement: str) -> None:
    """Run a statement as the synchronisation does: not captured."""
    with session.transaction():
        session.execute("SET LOCAL xmlbinary = 'hex'")
        session.execute(statement)


def test_insert_logs_all_columns_with_the_key_and_no_sfid(app: Session, account: Session) -> None:
    app.execute("INSERT INTO salesforce.account (name, sfid) VALUES ('Acme', %s)", [SFID])
    entry, = log_of(account)
    assert (entry["action"], entry["state"], entry["table_name"]) == ("INSERT", "NEW", "account")
    assert (entry["sfid"], entry["old"], entry["updated_at"], entry["processed_at"]) == (None, None, None, None)
    values = hstore(account, entry["values"])
    columns = rows(account, "SELECT attname FROM pg_attribute WHERE attrelid = 'salesforce.account'::regclass "
                              "AND attnum > 0")
    assert set(values) == {name for name, in columns} - {"_hc_lastop", "_hc_err"}
    assert values["name"] == "Acme" and values["phone"] is None and values["id"] == str(entry["record_id"])


def test_entry_bears_the_transaction_and_the_time_of_the_row(app: Session, account: Session) -> None:
    with app.transaction():
        txid = app.execute("SELECT txid_current()").fetchone()
        app.execute("INSERT INTO salesforce.account (name) VALUES ('one'), ('two')")
        started = app.execute("SELECT now()").fetchone()
    first, second = log_of(account)
    assert txid is not None and started is not None
    assert first["txid"] == second["txid"] == txid[0]
    assert started[0] < first["created_at"] < second["created_at"]


def test_update_logs_only_changed_columns_and_the_whole_old_row(app: Session, account: Session) -> None:
    from_salesforce(account, f"INSERT INTO salesforce.account (sfid, name, phone) VALUES ('{SFID}', 'Acme', '1')")
    app.execute("UPDATE salesforce.account SET name = 'Acme Ltd', phone = NULL")
    entry, = log_of(account)
    assert (entry["action"], entry["state"], entry["sfid"]) == ("UPDATE", "NEW", SFID)
    assert hstore(account, entry["values"]) == {"name": "Acme Ltd", "phone": None}
    old = hstore(account, entry["old"])
    assert (old["name"], old["phone"], old["sfid"]) == ("Acme", "1", SFID)
    assert not {"_hc_lastop", "_hc_err"} & set(old)


def test_update_that_changes_nothing_is_ignored(app: Session, account: Session) -> None:
    from_salesforce(account, f"INSERT INTO salesforce.account (sfid, name) VALUES ('{SFID}', 'Acme')")
    app.execute("UPDATE salesforce.account SET name = 'Acme'")
    app.execute("UPDATE salesforce.account SET _hc_lastop = 'UPDATED', _hc_err = 'x'")
    assert [(entry["state"], entry["values"]) for entry in log_of(account)] == [("IGNORE", ""), ("IGNORE", "")]


@pytest.mark.parametrize(("sfid", "state"), [(SFID, "NEW"), (None, "IGNORE")])
def test_delete_is_sent_only_if_salesforce_knows_the_row(
        app: Session, account: Session, sfid: str | None, state: str) -> None:
    from_salesforce(account, f"INSERT INTO salesforce.account (sfid, name) VALUES (nullif('{sfid}', 'None'), 'x')")
    app.execute("DELETE FROM salesforce.account")
    entry, = log_of(account)
    assert (entry["action"], entry["state"], entry["sfid"], entry["values"]) == ("DELETE", state, sfid, None)
    assert hstore(account, entry["old"])["name"] == "x"


def test_read_only_mapping_logs_readonly_whatever_happens(app: Session, account: Session) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', access => 'read_only')")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    app.execute("UPDATE salesforce.account SET name = 'x'")
    app.execute("DELETE FROM salesforce.account")
    assert [entry["state"] for entry in log_of(account)] == ["READONLY"] * 3


def test_access_switch_leaves_entries_as_they_were_captured(app: Session, account: Session) -> None:
    app.execute("INSERT INTO salesforce.account (name) VALUES ('before')")
    account.execute("SELECT sffdw.alter_mapping('Account', access => 'read_only')")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('between')")
    account.execute("SELECT sffdw.alter_mapping('Account', access => 'read_write')")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('after')")
    assert [entry["state"] for entry in log_of(account)] == ["NEW", "READONLY", "NEW"]


def test_hex_session_is_not_captured_and_a_default_one_is(app: Session, account: Session) -> None:
    app.execute("SET xmlbinary = 'hex'")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('inbound')")
    app.execute("UPDATE salesforce.account SET phone = '2'")
    assert log_of(account) == []
    app.execute("RESET xmlbinary")
    app.execute("UPDATE salesforce.account SET phone = '3'")
    assert [entry["action"] for entry in log_of(account)] == ["UPDATE"]


def test_app_needs_no_right_on_the_log(app: Session, account: Session) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT FROM salesforce._trigger_log")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    assert len(log_of(account)) == 1


def test_logger_cannot_be_attached_to_another_table(app: Session, connect: Any, database: Session) -> None:
    with database.transaction():
        database.execute("CREATE SCHEMA crm_app AUTHORIZATION crm_app")
    app.execute("CREATE TABLE crm_app.forged (id integer, sfid varchar(18))")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TRIGGER t AFTER INSERT ON crm_app.forged FOR EACH ROW "
                    "EXECUTE FUNCTION salesforce.hc_account_logger()")


def test_status_is_pending_after_an_apps_write_and_cannot_be_faked(app: Session) -> None:
    status = "SELECT _hc_lastop, _hc_err FROM salesforce.account"
    app.execute("INSERT INTO salesforce.account (name, _hc_lastop, _hc_err) VALUES ('x', 'SYNCED', 'fake')")
    assert app.execute(status).fetchall() == [("PENDING", None)]
    app.execute("UPDATE salesforce.account SET _hc_lastop = 'UPDATED', _hc_err = 'fake'")
    assert app.execute(status).fetchall() == [("PENDING", None)]


@pytest.mark.parametrize(("statement", "want"), [
    ("UPDATE salesforce.account SET name = 'y'", ("SYNCED", None)),
    ("UPDATE salesforce.account SET _hc_lastop = 'FAILED', _hc_err = 'e'", ("FAILED", "e")),
    ("UPDATE salesforce.account SET _hc_lastop = 'PENDING', _hc_err = 'e'", ("SYNCED", None)),
    ("UPDATE salesforce.account SET _hc_lastop = NULL, _hc_err = 'e'", ("SYNCED", None)),
    ("DELETE FROM salesforce.account; INSERT INTO salesforce.account (name, _hc_lastop, _hc_err) "
     "VALUES ('z', 'INSERTED', 'e')", ("SYNCED", None)),
])
def test_synchronisation_states_what_it_means(
        app: Session, account: Session, statement: str, want: tuple[str, str | None]) -> None:
    app.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    from_salesforce(account, statement)
    assert rows(account, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [want]


def test_listener_gets_one_ping_a_transaction(app: Session, account: Session) -> None:
    account.execute('LISTEN "salesforce.hc_trigger_log"')
    with app.transaction():
        app.execute("INSERT INTO salesforce.account (name) VALUES ('one'), ('two')")
    got = [(notice.channel, notice.payload) for notice in account.notifies(timeout=5, stop_after=1)]
    assert got == [("salesforce.hc_trigger_log", "ping")]
    assert list(account.notifies(timeout=0)) == []


def test_values_are_written_in_one_form_whatever_the_session_says(app: Session, account: Session) -> None:
    for setting in ("datestyle = 'SQL, DMY'", "extra_float_digits = -15", "timezone = 'Asia/Tokyo'"):
        app.execute("SET " + setting)
    app.execute("INSERT INTO salesforce.account (annualrevenue, systemmodstamp) "
                "VALUES (0.1::float8 + 0.2, '2026-12-25 10:00')")
    values = hstore(account, log_of(account)[0]["values"])
    assert values["annualrevenue"] == "0.30000000000000004"
    assert values["systemmodstamp"] == "2026-12-25 10:00:00"


@pytest.mark.parametrize("statement", [
    "INSERT INTO salesforce.account (external_id__c, name) VALUES ('a', 'x') "
    "ON CONFLICT (external_id__c) DO UPDATE SET name = 'upserted'",
    "MERGE INTO salesforce.account t USING (VALUES ('a')) v (e) ON t.external_id__c = v.e "
    "WHEN MATCHED THEN UPDATE SET name = 'upserted'",
    "WITH u AS (UPDATE salesforce.account SET name = 'upserted' RETURNING 1) SELECT FROM u",
])
def test_every_way_to_change_a_row_is_captured(app: Session, account: Session, statement: str) -> None:
    from_salesforce(account, f"INSERT INTO salesforce.account (sfid, external_id__c) VALUES ('{SFID}', 'a')")
    app.execute(statement)
    assert [(e["action"], hstore(account, e["values"])) for e in log_of(account)] == [("UPDATE", {"name": "upserted"})]


@pytest.mark.parametrize("name", ["a_before_capture", "z_after_capture"])
def test_what_an_apps_trigger_changes_again_is_logged_behind_the_change_that_it_followed(
        account: Session, name: str) -> None:
    """Triggers fire by name: one before ours has its changes of the same row captured first."""
    account.execute("""
        CREATE FUNCTION salesforce.follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE salesforce.account SET phone = 'trigger ' || NEW.name WHERE id = NEW.id OR name = 'other';
            IF NEW.name = 'gone' THEN DELETE FROM salesforce.account WHERE id = NEW.id; END IF;
            RETURN NULL;
        END $$
    """)
    account.execute("INSERT INTO salesforce.account (name) VALUES ('other')")
    account.execute(f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE OF name ON salesforce.account FOR EACH ROW "
                    "EXECUTE FUNCTION salesforce.follow()")
    account.execute("INSERT INTO salesforce.account (name, phone) VALUES ('a', 'app'), ('b', 'app')")
    account.execute("UPDATE salesforce.account SET name = 'gone', phone = 'app' WHERE name = 'a'")
    logged = [(entry["record_id"], entry["action"], hstore(account, entry["values"] or "").get("phone"))
              for entry in log_of(account)]
    assert [one[1:] for one in logged if one[0] == 2] == [
        ("INSERT", "app"), ("UPDATE", "trigger a"), ("UPDATE", "app"), ("UPDATE", "trigger gone"), ("DELETE", None)]
    assert [one[1:] for one in logged if one[0] == 3] == [("INSERT", "app"), ("UPDATE", "trigger b")]
    assert [one[2] for one in logged if one[0] == 1] == [None, "trigger a", "trigger b", "trigger gone"]
    # However many rows it changes before.
    account.execute("INSERT INTO salesforce.account (name) SELECT 'other' FROM generate_series(1, 300)")
    account.execute("UPDATE salesforce.account SET name = 'last', phone = 'app' WHERE id = 3")
    assert [hstore(account, entry["values"])["phone"] for entry in log_of(account) if entry["record_id"] == 3][-2:] == [
        "app", "trigger last"]


def test_copy_is_captured_row_by_row(app: Session, account: Session) -> None:
    with app.cursor().copy("COPY salesforce.account (name) FROM STDIN") as copy:
        for name in ("one", "two", "three"):
            copy.write_row([name])
    assert [hstore(account, e["values"])["name"] for e in log_of(account)] == ["one", "two", "three"]


def test_partition_is_captured_under_the_parents_name(owner: Session) -> None:
    """A table that its user partitioned is taken over as it is; its rows are logged as the parent's."""
    owner.execute("""CREATE TABLE salesforce.account (
        id serial, name varchar(255), systemmodstamp timestamp, isdeleted boolean, createddate timestamp,
        sfid varchar(18), _hc_lastop varchar(32), _hc_err text) PARTITION BY HASH (id)""")
    owner.execute("CREATE TABLE salesforce.account_p0 PARTITION OF salesforce.account "
                  "FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    owner.execute("SELECT sffdw.create_capture('salesforce', 'account', 'public', 'read_write')")
    owner.execute("INSERT INTO salesforce.account_p0 (name) VALUES ('x')")
    assert [entry["table_name"] for entry in log_of(owner)] == ["account"]


def test_truncate_is_not_captured_and_who_runs_it_is_told(account: Session) -> None:
    told: list[tuple[str | None, ...]] = []
    account.add_notice_handler(lambda found: told.append((found.severity, found.message_primary, found.message_hint)))
    truncated = "SELECT level, object_name FROM sffdw.log WHERE event = 'TABLE TRUNCATED'"
    from_salesforce(account, "TRUNCATE salesforce.account")
    assert told == [] and rows(account, truncated) == []
    account.execute("TRUNCATE salesforce.account")
    (severity, message, hint), = told
    assert (severity, message) == ("WARNING", 'TRUNCATE of table "account" is not sent to Salesforce')
    assert hint and "DELETE" in hint
    assert rows(account, truncated) == [("WARNING", "Account")]
    assert log_of(account) == []


def test_truncate_is_warned_of_without_the_extension(account: Session, database: Session) -> None:
    told: list[str | None] = []
    database.execute("DROP EXTENSION sffdw")
    database.commit()
    account.add_notice_handler(lambda found: told.append(found.severity))
    account.execute("TRUNCATE salesforce.account")
    assert told == ["WARNING"]


@pytest.mark.parametrize("statement", [
    "DELETE FROM salesforce.parent",
    "UPDATE salesforce.parent SET id = 8",
])
def test_what_a_foreign_key_cascades_is_captured(app: Session, account: Session, statement: str) -> None:
    account.execute("CREATE TABLE salesforce.parent (id integer PRIMARY KEY);"
                    "ALTER TABLE salesforce.account ADD COLUMN parent_id integer "
                    "REFERENCES salesforce.parent ON DELETE CASCADE ON UPDATE CASCADE;"
                    "GRANT UPDATE, DELETE, SELECT ON salesforce.parent TO crm_app;"
                    "INSERT INTO salesforce.parent VALUES (7)")
    from_salesforce(account, f"INSERT INTO salesforce.account (sfid, name, parent_id) VALUES ('{SFID}', 'x', 7)")
    app.execute(statement)
    assert [(entry["action"], entry["sfid"]) for entry in log_of(account)] == [(statement[:6], SFID)]


def test_insert_of_several_rows_and_one_that_meets_a_conflict_are_captured_each_once(
        app: Session, account: Session) -> None:
    app.execute("INSERT INTO salesforce.account (external_id__c, name) VALUES ('a', '1'), ('b', '2')")
    app.execute("INSERT INTO salesforce.account (external_id__c, name) VALUES ('b', '3'), ('c', '4') "
                "ON CONFLICT (external_id__c) DO NOTHING")
    app.execute("MERGE INTO salesforce.account t USING (VALUES ('c'), ('d')) v (e) ON t.external_id__c = v.e "
                "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (external_id__c) VALUES (v.e)")
    # MERGE takes its rows in an order of its own.
    assert sorted((e["action"], e["state"], hstore(account, e["values"] or e["old"])["external_id__c"])
                  for e in log_of(account)) == [
        ("DELETE", "IGNORE", "c"), ("INSERT", "NEW", "a"), ("INSERT", "NEW", "b"), ("INSERT", "NEW", "c"),
        ("INSERT", "NEW", "d")]


def test_rows_of_a_child_table_are_not_the_mapped_tables(account: Session) -> None:
    account.execute("CREATE TABLE salesforce.old_account () INHERITS (salesforce.account)")
    account.execute("INSERT INTO salesforce.old_account (id, name) VALUES (900, 'x')")
    assert log_of(account) == []


def test_users_own_trigger_fires_on_inbound_changes_only(app: Session, account: Session) -> None:
    """The documented pattern: a bare get_xmlbinary() in a trigger's condition."""
    account.execute("CREATE TABLE salesforce.seen (name text)")
    account.execute("GRANT INSERT ON salesforce.seen TO crm_app")
    account.execute("CREATE FUNCTION salesforce.see() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN INSERT INTO salesforce.seen VALUES (NEW.name); RETURN NEW; END'")
    account.execute("CREATE TRIGGER see AFTER INSERT ON salesforce.account FOR EACH ROW "
                    "WHEN (get_xmlbinary()::text <> 'base64') EXECUTE FUNCTION salesforce.see()")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('app')")
    from_salesforce(account, "INSERT INTO salesforce.account (name) VALUES ('org')")
    assert rows(account, "SELECT name FROM salesforce.seen") == [("org",)]
