"""History: every version of a row, with the time from and to which it was the current one."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, Session, one, poll, rows

VERSIONS = ("SELECT name, phone, valid_to IS NULL FROM salesforce._account_history WHERE record_id = %s "
            "ORDER BY valid_from")


@pytest.fixture
def kept(org: Org, owner: Session) -> Session:
    """Account mapped with history, with one record loaded."""
    org.create("Account", {"Name": "first", "Phone": "1"})
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Phone}', access => 'read_write', history => true)")
    poll(owner)
    return owner


def row_id(session: Session) -> Any:
    return one(session, "SELECT id FROM salesforce.account")


def test_each_change_from_either_side_is_a_version(org: Org, kept: Session) -> None:
    number, record_id = row_id(kept), one(kept, "SELECT sfid FROM salesforce.account")
    org.update("Account", record_id, Name="second")
    poll(kept)
    kept.execute("UPDATE salesforce.account SET phone = '2'")
    assert rows(kept, VERSIONS, number) == [("first", "1", False), ("second", "1", False), ("second", "2", True)]
    org.act("delete", "Account", record_id)
    kept.execute("DELETE FROM salesforce.account")
    assert rows(kept, VERSIONS, number)[-1] == ("second", "2", False)


def test_versions_follow_each_other_without_gap(kept: Session) -> None:
    for phone in "abc":
        kept.execute("UPDATE salesforce.account SET phone = %s", [phone])
    gaps = rows(kept, "SELECT FROM (SELECT valid_to, lead(valid_from) OVER (ORDER BY valid_from) AS next "
                      "FROM salesforce._account_history) v WHERE valid_to IS DISTINCT FROM next")
    assert gaps == []
    assert one(kept, "SELECT count(*) FROM salesforce._account_history") == 4


def test_what_changes_nothing_is_no_version(kept: Session) -> None:
    kept.execute("UPDATE salesforce.account SET phone = phone")
    kept.execute("SET xmlbinary = 'hex'")
    kept.execute("UPDATE salesforce.account SET _hc_lastop = 'UPDATED'")
    assert one(kept, "SELECT count(*) FROM salesforce._account_history") == 1


def test_columns_come_and_go(org: Org, kept: Session) -> None:
    kept.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Site}', drop_fields => '{Phone}')")
    kept.execute("UPDATE salesforce.account SET site = 'here'")
    assert rows(kept, "SELECT phone, site FROM salesforce._account_history ORDER BY valid_from") == [
        ("1", None), (None, "here")]


def test_history_begins_and_ends_when_asked(kept: Session) -> None:
    kept.execute("SELECT sffdw.alter_mapping('Account', history => false)")
    kept.execute("UPDATE salesforce.account SET phone = '2'")
    assert one(kept, "SELECT count(*) FROM salesforce._account_history") == 1
    kept.execute("SELECT sffdw.alter_mapping('Account', history => true)")
    kept.execute("UPDATE salesforce.account SET phone = '3'")
    assert rows(kept, VERSIONS, row_id(kept)) == [("first", "1", False), ("first", "2", False), ("first", "3", True)]


def test_app_needs_no_right_on_the_versions(kept: Session, connect: Any) -> None:
    kept.execute("GRANT USAGE ON SCHEMA salesforce TO crm_app")
    kept.execute("GRANT SELECT, UPDATE ON salesforce.account TO crm_app")
    app = connect(user="crm_app")
    app.execute("UPDATE salesforce.account SET phone = 'app'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT FROM salesforce._account_history")
    assert rows(kept, VERSIONS, row_id(kept))[-1] == ("first", "app", True)


def test_a_table_of_another_kind_with_that_name_is_refused(owner: Session) -> None:
    owner.execute("CREATE TABLE salesforce._account_history (record_id integer PRIMARY KEY, note text)")
    with pytest.raises(psycopg.errors.DuplicateTable) as raised:
        owner.execute("SELECT sffdw.create_mapping('Account', '{Name}', history => true)")
    assert "Rename or drop it" in str(raised.value.diag.message_hint)
    assert rows(owner, "SELECT attname FROM pg_attribute WHERE attnum > 0 "
                       "AND attrelid = 'salesforce._account_history'::regclass ORDER BY attnum") == [
        ("record_id",), ("note",)]
    owner.execute("ALTER TABLE salesforce._account_history RENAME TO mine")
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name}', history => true)")
    assert one(owner, "SELECT to_regclass('salesforce._account_history') IS NOT NULL")


def test_dropped_mapping_leaves_a_table_that_works(kept: Session) -> None:
    kept.execute("SELECT sffdw.drop_mapping('Account')")
    kept.execute("UPDATE salesforce.account SET phone = 'after'")
    assert one(kept, "SELECT count(*) FROM salesforce._account_history") == 1


def test_dropped_table_takes_its_versions_along(kept: Session) -> None:
    kept.execute("SELECT sffdw.drop_mapping('Account', drop_table => true)")
    assert one(kept, "SELECT to_regclass('salesforce._account_history')") is None


def test_row_that_an_apps_trigger_changes_again_ends_with_what_is_in_the_table(org: Org, kept: Session) -> None:
    kept.execute("""
        CREATE FUNCTION salesforce.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE salesforce.account SET phone = NEW.name || '!' WHERE id = NEW.id; RETURN NULL; END $$;
        CREATE TRIGGER stamp AFTER INSERT OR UPDATE OF name ON salesforce.account
        FOR EACH ROW EXECUTE FUNCTION salesforce.stamp()""")
    kept.execute("UPDATE salesforce.account SET name = 'changed'")
    org.create("Account", {"Name": "read"})
    poll(kept)
    assert rows(kept, "SELECT name, phone FROM salesforce._account_history WHERE valid_to IS NULL ORDER BY 1") == [
        ("changed", "changed!"), ("read", "read!")]
    assert rows(kept, "SELECT count(*) FROM salesforce._account_history h WHERE valid_to IS NULL GROUP BY record_id "
                      "HAVING count(*) > 1") == []


def test_truncated_table_has_no_current_versions(kept: Session) -> None:
    kept.execute("TRUNCATE salesforce.account")
    assert one(kept, "SELECT count(*) FROM salesforce._account_history WHERE valid_to IS NULL") == 0
    assert one(kept, "SELECT count(*) FROM salesforce._account_history") == 1


def test_column_that_comes_back_with_another_type_hinders_no_app(kept: Session) -> None:
    kept.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{AnnualRevenue}')")
    kept.execute("UPDATE salesforce.account SET annualrevenue = 5")
    kept.execute("ALTER TABLE salesforce.account ALTER COLUMN annualrevenue TYPE text")
    kept.execute("SELECT sffdw.alter_mapping('Account', history => true)")
    for _ in range(2):
        kept.execute("UPDATE salesforce.account SET annualrevenue = 'a lot'")
    assert rows(kept, "SELECT annualrevenue FROM salesforce._account_history ORDER BY valid_from DESC LIMIT 2") == [
        ("a lot",), ("5",)]


def test_history_may_end_and_begin_in_one_transaction(kept: Session) -> None:
    with kept.transaction():
        for is_kept in (False, True, False, True):
            kept.execute("SELECT sffdw.alter_mapping('Account', history => %s)", [is_kept])
    assert one(kept, "SELECT count(*) FROM salesforce._account_history WHERE valid_to IS NULL") == 1
