"""alter_mapping: fields, indexes, access and settings of a mapping that has rows."""

from typing import Any

import psycopg
import pytest

from .queries import Session, columns_of, indexes_of, refusal, rows


@pytest.fixture
def synced(account: Session) -> Session:
    """The mapping of Account with a row, as after its load."""
    account.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    account.execute("UPDATE sffdw.mapping SET state = 'DATA_SYNCED', watermark_at = now(), "
                    "next_poll_at = now() + '1 day'")
    return account


def test_added_field_becomes_a_column_that_is_filled_between_polls(synced: Session) -> None:
    assert rows(synced, "SELECT sffdw.alter_mapping('account', add_fields => '{createddate}')") == [(2,)]
    assert list(columns_of(synced))[-1] == "createddate"
    assert rows(synced, "SELECT state, revision FROM sffdw.mappings") == [("RESYNC", 2)]
    assert rows(synced, "SELECT purpose, columns FROM sffdw.field_sweep") == [("backfill", ["createddate"])]
    assert rows(synced, "SELECT pg_type FROM sffdw.mapping_field WHERE field_name = 'CreatedDate'") == [
        ("timestamp without time zone",)]
    assert rows(synced, "SELECT name FROM salesforce.account") == [("x",)]


def test_dropped_field_loses_its_column_and_index(synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', drop_fields => '{OwnerId,PHONE}')")
    assert not {"ownerid", "phone"} & set(columns_of(synced))
    assert "hc_idx_account_ownerid" not in indexes_of(synced)
    assert rows(synced, "SELECT state FROM sffdw.mapping") == [("DATA_SYNCED",)]


def test_field_list_adds_and_drops(synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', fields => '{Name,CreatedDate}', indexes => '{Name}')")
    assert set(columns_of(synced)) == {"id", "sfid", "_hc_lastop", "_hc_err", "systemmodstamp", "isdeleted", "name",
                                       "createddate", "external_id__c"}


def test_indexes_become_what_is_asked_for_and_the_users_own_stay(synced: Session) -> None:
    synced.execute("CREATE INDEX my_own ON salesforce.account (phone)")
    synced.execute("SELECT sffdw.alter_mapping('Account', indexes => '{Name}')")
    assert indexes_of(synced) == {
        "account_pkey": True, "hcu_idx_account_sfid": True, "hc_idx_account_systemmodstamp": False,
        "hcu_idx_account_external_id__c": True, "hc_idx_account_name": False, "my_own": False}


def test_unique_identifier_can_be_taken_away_and_given_back(synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', unique_identifier => '')")
    assert "hcu_idx_account_external_id__c" not in indexes_of(synced)
    assert rows(synced, "SELECT unique_identifier FROM sffdw.mapping") == [(None,)]
    synced.execute("SELECT sffdw.alter_mapping('Account', drop_fields => '{External_Id__c}')")
    synced.execute("SELECT sffdw.alter_mapping('Account', unique_identifier => 'external_id__c')")
    assert indexes_of(synced)["hcu_idx_account_external_id__c"] is True
    assert rows(synced, "SELECT unique_identifier FROM sffdw.mapping") == [("External_Id__c",)]


def test_settings_that_are_not_named_stay(synced: Session) -> None:
    before = rows(synced, "SELECT * FROM sffdw.mapping_field ORDER BY column_name")
    synced.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '30 seconds')")
    assert rows(synced, "SELECT access, unique_identifier, poll_interval::text, next_poll_at < now() + '1 minute' "
                          "FROM sffdw.mapping") == [("read_write", "External_Id__c", "00:00:30", True)]
    assert rows(synced, "SELECT * FROM sffdw.mapping_field ORDER BY column_name") == before


def test_writable_fields_are_limited_and_freed(synced: Session) -> None:
    sent = "SELECT count(*) FROM sffdw.mapping_field WHERE is_updateable"
    before = synced.execute(sent).fetchone()
    synced.execute("SELECT sffdw.alter_mapping('Account', writable_fields => '{Name}')")
    assert synced.execute(sent).fetchone() == (1,)
    synced.execute("SELECT sffdw.alter_mapping('Account', writable_fields => '{*}')")
    assert synced.execute(sent).fetchone() == before


def test_settings_are_mirrored(synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '30 seconds')")
    assert rows(synced, "SELECT details::jsonb #>> '{mappings,0,config,sf_polling_seconds}' "
                        "FROM salesforce._hcmeta") == [("30",)]


REFUSED = [
    ("drop_fields => '{Id}'", "22023"),
    ("drop_fields => '{SystemModstamp}'", "22023"),
    ("drop_fields => '{External_Id__c}'", "22023"),
    ("drop_fields => '{CreatedDate}'", "SF008"),
    ("add_fields => '{Nmae}'", "SF008"),
    ("access => 'none'", "22023"),
    ("types => 'exact'", "22023"),
    ("""rename_fields => '{"Name": "Title"}'""", "SF008"),
    ("poll_interval => '1 second'", "22023"),
]


def test_refused_change_changes_nothing(synced: Session) -> None:
    columns = columns_of(synced)
    for arguments, sqlstate in REFUSED:
        found, message, hint = refusal(synced, f"SELECT sffdw.alter_mapping('Account', {arguments})")
        assert found == sqlstate and message and hint, arguments
        assert columns_of(synced) == columns, arguments
    assert rows(synced, "SELECT revision, state FROM sffdw.mapping") == [(1, "DATA_SYNCED")]


def test_users_own_column_is_not_taken_for_a_field(synced: Session) -> None:
    synced.execute("ALTER TABLE salesforce.account ADD COLUMN createddate date")
    assert refusal(synced, "SELECT sffdw.alter_mapping('Account', add_fields => '{CreatedDate}')")[0] == "42701"


def test_table_in_use_is_not_waited_for_for_ever(synced: Session, database: Session, connect: Any) -> None:
    with database.transaction():
        database.execute("ALTER FUNCTION sffdw.alter_mapping SET lock_timeout = '100ms'")
    reader = connect(autocommit=False)
    reader.execute("SELECT FROM salesforce.account")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        synced.execute("SELECT sffdw.alter_mapping('Account', drop_fields => '{Phone}')")
    reader.rollback()
    synced.execute("SELECT sffdw.alter_mapping('Account', drop_fields => '{Phone}')")


@pytest.mark.parametrize("state", ["INITIAL", "RELOAD_TABLE"])
def test_load_under_way_begins_anew_with_the_new_column(synced: Session, state: str) -> None:
    synced.execute("UPDATE sffdw.mapping SET state = %s, load_cursor = 'x', load_rows_done = 9", [state])
    synced.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{CreatedDate}')")
    assert rows(synced, "SELECT state, load_cursor, load_rows_done FROM sffdw.mapping") == [(state, None, 0)]
    assert rows(synced, "SELECT FROM sffdw.field_sweep") == []
