"""What create_mapping makes, takes over, and refuses."""

from typing import Any

import psycopg
import pytest

from .queries import Session, columns_of, indexes_of, refusal, rows


def test_columns_are_those_of_the_contract(account: Session) -> None:
    columns = columns_of(account)
    assert list(columns)[-4:] == ["sfid", "id", "_hc_lastop", "_hc_err"]
    assert columns == {
        "name": "character varying(255)", "phone": "character varying(40)", "annualrevenue": "double precision",
        "ownerid": "character varying(18)", "external_id__c": "character varying(80)",
        "systemmodstamp": "timestamp without time zone", "isdeleted": "boolean", "sfid": "character varying(18)",
        "id": "integer", "_hc_lastop": "character varying(32)", "_hc_err": "text",
    }


def test_nothing_is_constrained_but_the_key(account: Session) -> None:
    assert rows(account, "SELECT conname FROM pg_constraint WHERE conrelid = 'salesforce.account'::regclass") \
        == [("account_pkey",)]
    assert rows(account, "SELECT attname FROM pg_attribute WHERE attrelid = 'salesforce.account'::regclass "
                           "AND attnum > 0 AND (attnotnull OR atthasdef)") == [("id",)]


def test_indexes_are_named_by_the_contract(account: Session) -> None:
    assert indexes_of(account) == {
        "account_pkey": True, "hcu_idx_account_sfid": True, "hc_idx_account_systemmodstamp": False,
        "hcu_idx_account_external_id__c": True, "hc_idx_account_ownerid": False,
    }


def test_triggers_are_named_and_defined_by_the_contract(account: Session) -> None:
    found = rows(account, "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger "
                           "WHERE tgrelid = 'salesforce.account'::regclass AND NOT tgisinternal ORDER BY 1")
    assert found == [
        ("hc_account_logtrigger", "O",
         "CREATE TRIGGER hc_account_logtrigger AFTER INSERT OR DELETE OR UPDATE ON salesforce.account FOR EACH ROW "
         "WHEN (((get_xmlbinary())::text = 'base64'::text)) EXECUTE FUNCTION salesforce.hc_account_logger()"),
        ("hc_account_status_trigger", "O",
         "CREATE TRIGGER hc_account_status_trigger BEFORE INSERT OR UPDATE ON salesforce.account FOR EACH ROW "
         "EXECUTE FUNCTION salesforce.hc_account_status()"),
        ("hc_account_truncated", "O",
         "CREATE TRIGGER hc_account_truncated AFTER TRUNCATE ON salesforce.account FOR EACH STATEMENT "
         "WHEN (((get_xmlbinary())::text = 'base64'::text)) EXECUTE FUNCTION salesforce.hc_account_truncated()"),
    ]


def test_preselection_is_what_the_contract_preselects(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('account')")
    assert set(columns_of(owner)) == {"sfid", "id", "_hc_lastop", "_hc_err", "systemmodstamp", "isdeleted",
                                      "createddate", "name"}
    assert rows(owner, "SELECT object_name, table_name, access, state, unique_identifier FROM sffdw.mappings") \
        == [("Account", "account", "read_only", "INITIAL", None)]


def test_star_maps_every_field_that_has_a_column_type(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{*}')")
    wanted = rows(owner, "SELECT lower(field_name) FROM salesforce_live._fields WHERE object_name = 'Account' "
                           "AND heroku_type IS NOT NULL")
    assert set(columns_of(owner)) - {"sfid", "_hc_lastop", "_hc_err"} == {name for name, in wanted}
    assert "billingaddress" not in columns_of(owner)


def test_object_without_isdeleted_is_mapped_without_it(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('User')")
    assert "isdeleted" not in columns_of(owner, 'salesforce."user"')
    assert rows(owner, "SELECT has_isdeleted, has_systemmodstamp FROM sffdw.mapping") == [(False, True)]


def test_precise_types_keep_decimals_and_time_zone(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{AnnualRevenue}', types => 'precise')")
    columns = columns_of(owner)
    assert columns["annualrevenue"].startswith("numeric")
    assert columns["systemmodstamp"] == "timestamp with time zone"


def test_writable_fields_are_the_only_ones_sent(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Phone}', access => 'read_write', "
                  "writable_fields => '{phone}')")
    found = rows(owner, "SELECT field_name FROM sffdw.mapping_field WHERE is_createable OR is_updateable")
    assert found == [("Phone",)]


def test_live_table_can_be_asked_page_by_page(account: Session) -> None:
    columns = columns_of(account, "salesforce_live.account")
    assert {"id", "name", "_after"} <= set(columns)


def test_table_that_fits_is_taken_over_with_its_rows(account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('kept')")
    account.execute("ALTER TABLE salesforce.account ADD COLUMN rating_by_us integer DEFAULT 5")
    account.execute("UPDATE salesforce._trigger_log SET state = 'SUCCESS'")
    account.execute("SELECT sffdw.drop_mapping('Account')")
    account.execute("SELECT sffdw.create_mapping('Account', '{Name}', access => 'read_write')")
    assert rows(account, "SELECT name, rating_by_us FROM salesforce.account") == [("kept", 5)]
    account.execute("INSERT INTO salesforce.account (name) VALUES ('captured')")
    assert rows(account, "SELECT action FROM salesforce._trigger_log WHERE state = 'NEW'") == [("INSERT",)]


@pytest.mark.parametrize(("definition", "misfit"), [
    ("(id serial PRIMARY KEY, name varchar(255), sfid varchar(18), isdeleted boolean, createddate timestamp, "
     "_hc_lastop varchar(32), _hc_err text)", 'Column "systemmodstamp" is missing.'),
    ("(id serial PRIMARY KEY, name text, sfid varchar(18), systemmodstamp timestamp, isdeleted boolean, "
     "createddate timestamp, _hc_lastop varchar(32), _hc_err text)", 'Column "name" is text instead of '),
    ("(id integer PRIMARY KEY, name varchar(255), sfid varchar(18), systemmodstamp timestamp, isdeleted boolean, "
     "createddate timestamp, _hc_lastop varchar(32), _hc_err text)", 'Column "id" is integer'),
])
def test_table_that_does_not_fit_is_left_alone(owner: Session, definition: str, misfit: str) -> None:
    owner.execute("CREATE TABLE salesforce.account " + definition)
    before = columns_of(owner)
    with pytest.raises(psycopg.errors.DuplicateTable) as caught:
        owner.execute("SELECT sffdw.create_mapping('Account')")
    assert misfit in (caught.value.diag.message_detail or "")
    assert "never overwritten" in (caught.value.diag.message_hint or "")
    assert columns_of(owner) == before


REFUSED = [
    ("SELECT sffdw.create_mapping('Acount')", "SF007", '"Acount"'),
    ("SELECT sffdw.create_mapping('Account', '{Name,Nmae}')", "SF008", '"Nmae"'),
    ("SELECT sffdw.create_mapping('Account', '{Name}', indexes => '{Nmae}')", "SF008", '"Nmae"'),
    ("SELECT sffdw.create_mapping('Account', '{Name}', unique_identifier => 'Nmae')", "SF008", '"Nmae"'),
    ("SELECT sffdw.create_mapping('Account', '{BillingAddress}')", "0A000", '"BillingAddress"'),
    ("SELECT sffdw.create_mapping('Account', '{Name}', indexes => '{Phone}')", "22023", '"Phone"'),
    ("SELECT sffdw.create_mapping('Account', '{Name}', writable_fields => '{Phone}')", "22023", '"Phone"'),
    ("SELECT sffdw.create_mapping('Account', unique_identifier => 'Name')", "22023", '"Name"'),
    ("SELECT sffdw.create_mapping('Account', access => 'write_only')", "22023", "write_only"),
    ("SELECT sffdw.create_mapping('Account', types => 'exact')", "22023", "exact"),
    ("SELECT sffdw.create_mapping('Account', poll_interval => '4 seconds')", "22023", "poll_interval"),
    ("SELECT sffdw.create_mapping('Account', row_filter => 'nothing = 1')", "22023", "row filter"),
    ("SELECT sffdw.create_mapping('Account', write_mode => 'sync')", "22023", "read_write"),
    ("SELECT sffdw.create_mapping('Account', write_mode => 'later')", "22023", "later"),
    ("SELECT sffdw.create_mapping('Account', conflict_policy => 'first')", "22023", "conflict_policy"),
    ("SELECT sffdw.create_mapping('Account', rejected_policy => 'drop')", "22023", "rejected_policy"),
    ("SELECT sffdw.create_mapping('Account', schema_policy => 'never')", "22023", "never"),
    ("SELECT sffdw.create_mapping('Account', daily_call_cap => 0)", "22023", "daily_call_cap"),
    ("SELECT sffdw.create_mapping('Account', daily_call_cap => 5)", "SF003", "daily_call_cap"),
    ("SELECT sffdw.create_mapping('Account', hold_threshold => -1)", "22023", "hold_threshold"),
    ("SELECT sffdw.create_mapping('Account', connection_name => 'nowhere')", "42704", '"nowhere"'),
]


def test_what_cannot_be_mapped_is_refused_by_name(owner: Session) -> None:
    for call, sqlstate, words in REFUSED:
        found, message, hint = refusal(owner, call)
        assert found == sqlstate and words in message and hint, call
        assert rows(owner, "SELECT count(*), to_regclass('salesforce.account') FROM sffdw.mapping") == [(0, None)], call


def test_object_is_mapped_once(account: Session) -> None:
    assert refusal(account, "SELECT sffdw.create_mapping('ACCOUNT')")[0] == "42710"


def test_role_that_is_not_the_owner_cannot_map(owner: Session, database: Session) -> None:
    database.execute("SET ROLE crm_app")
    assert refusal(database, "SELECT sffdw.create_mapping('Account')")[0] == "42704"
    database.rollback()
    sqlstate, message, hint = refusal(database, "SELECT sffdw.create_mapping('Account')")
    assert (sqlstate, message) == ("42501", "must not be run as superuser")
    assert "SET ROLE crm_owner" in hint


def test_field_newer_than_the_live_table_is_added_to_it(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name}')")
    owner.execute("ALTER FOREIGN TABLE salesforce_live.account DROP COLUMN phone, DROP COLUMN annualrevenue")
    owner.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Phone,AnnualRevenue}')")
    added = {name: kind for name, kind in columns_of(owner, "salesforce_live.account").items()
             if name in ("phone", "annualrevenue")}
    assert added["phone"] == "text" and added["annualrevenue"].startswith("numeric")
    assert rows(owner, "SELECT count(phone) FROM salesforce_live.account") == [(0,)]


def test_live_table_of_the_users_own_import_is_not_used(owner: Session) -> None:
    owner.execute("IMPORT FOREIGN SCHEMA salesforce LIMIT TO (account) FROM SERVER sf INTO salesforce_live")
    sqlstate, message, hint = refusal(owner, "SELECT sffdw.create_mapping('Account')")
    assert sqlstate == "42P07" and "system columns" in message and "DROP FOREIGN TABLE salesforce_live.account" in hint


def test_long_names_stay_distinct_and_captured(owner: Session, sandbox: Any) -> None:
    """Case 52: names that PostgreSQL would cut off at 63 bytes."""
    name, field = "Ns123456789012__" + "O" * 39 + "__c", "Ns123456789012__" + "F" * 39
    sandbox.call("POST", "/objects", {"name": name, "fields": [
        {"name": "Name", "type": "string", "length": 80},
        {"name": f"{field}1__c", "type": "string", "length": 20},
        {"name": f"{field}2__c", "type": "string", "length": 20}]})
    owner.execute("SELECT sffdw.create_mapping(%s, '{*}', access => 'read_write', indexes => %s)",
                  [name, [f"{field}1__c", f"{field}2__c"]])
    indexes = indexes_of(owner, name.lower())
    assert len([index for index in indexes if index.startswith("hc_idx_")]) == 3
    assert all(len(index) <= 63 for index in indexes)
    owner.execute(f"INSERT INTO salesforce.{name} (name) VALUES ('x')")
    assert rows(owner, "SELECT table_name, state FROM salesforce._trigger_log") == [(name.lower(), "NEW")]
    owner.execute("SELECT sffdw.drop_mapping(%s, drop_table => true)", [name])
    assert rows(owner, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'salesforce'::regnamespace "
                       "AND proname LIKE 'hc\\_ns%'") == [(0,)]
