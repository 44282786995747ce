"""adopt_schema: a schema as Heroku Connect left it is taken over without loading it anew, and can be given back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.integration.sync.heroku import Left, exported
from tests.integration.sync.org import Org, Session, one, poll, rows, write

ADOPT = "SELECT severity, rule_id FROM sffdw.adopt_schema('salesforce', 'sf', %s::jsonb)"


@pytest.fixture
def left(org: Org, live: Session, database: Session) -> Left:
    """Three accounts in the org and in the schema that was left, and a change in the org since."""
    org.create("Account", *[{"Name": f"A {n}", "Phone": str(n)} for n in range(3)])
    found = Left(live, org)
    found.build(database)
    return found


def definitions(session: Session) -> list[tuple[Any, ...]]:
    """Everything about functions and triggers of the schema, as PostgreSQL writes it."""
    return rows(session, """
        SELECT pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid) FROM pg_proc p
        WHERE p.pronamespace = 'salesforce'::regnamespace
        UNION ALL
        SELECT pg_get_triggerdef(t.oid), t.tgenabled::text, NULL FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'salesforce'::regnamespace
        ORDER BY 1""")


def test_adopted_table_is_polled_from_its_youngest_row(left: Left) -> None:
    ids = dict(rows(left.owner, "SELECT sfid, id FROM salesforce.account"))
    left.org.advance(86400)
    left.org.update("Account", left.records[1], Name="changed since")
    left.org.create("Account", {"Name": "new since"})
    found = rows(left.owner, ADOPT, exported())
    assert ("pass", "MAPPING") in found and "error" not in {severity for severity, _ in found}
    mark = left.org.last_call()
    poll(left.owner)
    assert len([call for call in left.org.calls("query", mark) if call["object"] == "Account"]) == 1
    assert rows(left.owner, "SELECT name FROM salesforce.account ORDER BY 1") == [
        ("A 0",), ("A 2",), ("changed since",), ("new since",)]
    assert {sfid: ids[sfid] for sfid in left.records} == dict(
        rows(left.owner, "SELECT sfid, id FROM salesforce.account WHERE sfid = ANY (%s)", left.records))
    assert rows(left.owner, "SELECT access, unique_identifier, poll_interval::text, state FROM sffdw.mappings") == [
        ("read_write", "External_Id__c", "00:02:00", "DATA_SYNCED")]


def test_writes_start_paused_and_what_was_unsent_goes_on(left: Left) -> None:
    left.log(state="NEW", action="UPDATE", table_name="account", record_id=1, sfid=left.records[0],
             old='"name"=>"A 0"', values='"name"=>"sent by ours"')
    rows(left.owner, ADOPT, exported())
    left.owner.execute("INSERT INTO salesforce.account (name) VALUES ('captured by ours')")
    write(left.owner)
    assert left.org.names() == ["A 0", "A 1", "A 2"]
    left.owner.execute("SELECT sffdw.resume('out')")
    write(left.owner)
    assert left.org.names() == ["A 1", "A 2", "captured by ours", "sent by ours"]


def test_of_a_long_log_little_is_read(left: Left) -> None:
    for table in ("_trigger_log", "_trigger_log_archive"):
        left.owner.execute(f"INSERT INTO salesforce.{table} (id, state, action, table_name, record_id, processed_at) "
                           "SELECT n, 'SUCCESS', 'UPDATE', 'account', 1, now() - interval '1 day' "
                           "FROM generate_series(1000, 60000) n")
        left.owner.execute(f"ANALYZE salesforce.{table}")
    left.log(state="NEW", action="UPDATE", table_name="account", record_id=1, sfid=left.records[0])
    read = ("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables "
            "WHERE relname LIKE '!_trigger!_log%' ESCAPE '!'")
    with left.owner.transaction():
        before = one(left.owner, read)
        finding = "SELECT f.rule_id, f.message FROM unnest(sffdw.check_old_writer('salesforce', false)) f"
        assert rows(left.owner, finding) == [("TRIGGER_LOG", "1 entries wait to be sent, 0 are FAILED")]
        assert one(left.owner, read) - before < 6000
    left.owner.execute("UPDATE salesforce._trigger_log_archive SET processed_at = now() WHERE id = 59990")
    assert rows(left.owner, finding)[0][0] == "OLD_WRITER"


def test_dry_run_changes_nothing(left: Left) -> None:
    before = definitions(left.owner)
    found = rows(left.owner, "SELECT severity, rule_id FROM sffdw.adopt_schema('salesforce', 'sf', dry_run => true)")
    assert ("pass", "ORG") in found and ("pass", "MAPPING") in found
    assert definitions(left.owner) == before
    assert rows(left.owner, "SELECT FROM sffdw.connection") == []
    assert one(left.owner, "SELECT to_regnamespace('salesforce_live')") is None


def test_without_configuration_the_tables_tell(left: Left) -> None:
    rows(left.owner, "SELECT sffdw.adopt_schema('salesforce', 'sf')")
    assert rows(left.owner, "SELECT object_name, access, unique_identifier, fields FROM sffdw.mappings") == [
        ("Account", "read_write", "External_Id__c",
         ["AnnualRevenue", "CreatedDate", "External_Id__c", "Id", "IsDeleted", "Name", "Phone", "SystemModstamp"])]


def test_given_back_byte_for_byte(left: Left) -> None:
    left.owner.execute("ALTER TABLE salesforce.account DISABLE TRIGGER hc_account_status_trigger")
    left.owner.execute("REVOKE ALL ON FUNCTION salesforce.hc_account_logger() FROM PUBLIC")
    before = definitions(left.owner)
    meta = rows(left.owner, "SELECT * FROM salesforce._hcmeta")
    indexes = rows(left.owner, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'salesforce' ORDER BY 1")
    rows(left.owner, ADOPT, exported())
    assert definitions(left.owner) != before
    left.owner.execute("SELECT sffdw.drop_connection()")
    assert definitions(left.owner) == before
    assert rows(left.owner, "SELECT * FROM salesforce._hcmeta") == meta
    assert rows(left.owner, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'salesforce' ORDER BY 1") == indexes


def test_our_own_schema_is_adopted_again_after_the_extension_was_dropped(org: Org, account: Session, database: Session,
                                                                         connect: Any) -> None:
    org.create("Account", {"Name": "kept"})
    poll(account)
    account.execute("DELETE FROM sffdw.connection")
    account.execute("DROP SCHEMA salesforce_live CASCADE")
    found = rows(account, "SELECT severity, rule_id FROM sffdw.adopt_schema('salesforce', 'sf')")
    assert "error" not in {severity for severity, _ in found}
    account.execute("SELECT sffdw.resume('out')")
    account.execute("UPDATE salesforce.account SET name = 'still captured'")
    write(account)
    assert org.names() == ["still captured"]


def refused(left: Left, config: str | None = None, **options: Any) -> psycopg.Error:
    arguments = "".join(f", {name} => {value}" for name, value in options.items())
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        left.owner.execute(f"SELECT sffdw.adopt_schema('salesforce', 'sf', %s::jsonb{arguments})",
                           [config or exported()])
    assert raised.value.diag.message_hint
    assert rows(left.owner, "SELECT FROM sffdw.connection") == []
    return raised.value


def test_old_writer_that_may_still_be_at_work_stops_it(left: Left) -> None:
    left.log(state="SUCCESS", action="UPDATE", table_name="account", record_id=1,
             processed_at=datetime.now(UTC) - timedelta(minutes=9))
    assert "was processed at" in str(refused(left).diag.message_detail)
    left.owner.execute("UPDATE salesforce._trigger_log SET processed_at = processed_at - interval '2 minutes'")
    rows(left.owner, ADOPT, exported())


def test_pending_entries_need_a_word_and_are_settled_by_asking(left: Left) -> None:
    left.org.create("Account", {"Name": "reached", "External_Id__c": "X1"})
    left.owner.execute("INSERT INTO salesforce.account (id, name, external_id__c) VALUES (50, 'reached', 'X1')")
    left.log(state="PENDING", action="INSERT", table_name="account", record_id=50,
             values='"id"=>"50", "name"=>"reached", "external_id__c"=>"X1", "sfid"=>NULL',
             created_at=datetime.now(UTC) - timedelta(hours=1), updated_at=datetime.now(UTC) - timedelta(hours=1))
    assert "1 entries of the trigger log are PENDING: 1" in str(refused(left).diag.message_detail)
    left.owner.execute("SELECT sffdw.adopt_schema('salesforce', 'sf', %s::jsonb, confirm_pending => true)",
                       [exported()])
    left.owner.execute("SELECT sffdw.resume('out')")
    write(left.owner)
    assert left.org.names().count("reached") == 1
    assert one(left.owner, "SELECT sfid FROM salesforce.account WHERE id = 50") is not None
    assert rows(left.owner, "SELECT state FROM salesforce._trigger_log") == [("SUCCESS",)]


def test_another_org_is_refused(left: Left) -> None:
    left.owner.execute("UPDATE salesforce._hcmeta SET org_id = '00D000000000777EAA'")
    assert "belong to org 00D000000000777EAA" in str(refused(left).diag.message_detail)


def test_column_of_another_type_is_an_error_and_a_shorter_one_a_warning(left: Left) -> None:
    left.owner.execute("ALTER TABLE salesforce.account ALTER COLUMN phone TYPE varchar(20)")
    found = rows(left.owner, "SELECT severity, rule_id, message FROM sffdw.adopt_schema('salesforce', 'sf', "
                             "%s::jsonb, dry_run => true)", exported())
    assert ("warning", "COLUMN_TYPE", 'column "phone" is character varying(20), the field varchar(40)') in found
    left.owner.execute("ALTER TABLE salesforce.account ALTER COLUMN annualrevenue TYPE text")
    assert "annualrevenue" in str(refused(left).diag.message_detail)


def test_what_the_org_lacks_is_told(left: Left) -> None:
    fields = {"Name": {}, "Gone__c": {}, "Parent__r.External_Id__c": {}, "Site": {}}
    found = rows(left.owner, ADOPT, exported(fields=fields))
    assert {("warning", "FIELD_GONE"), ("warning", "RELATIONSHIP_FIELD"), ("warning", "COLUMN_MISSING")} <= set(found)
    poll(left.owner)
    assert rows(left.owner, "SELECT site FROM salesforce.account WHERE site IS NOT NULL") == []


def test_polls_beyond_the_budget_are_refused_unless_forced(left: Left) -> None:
    query = "SELECT severity, message, hint FROM sffdw.adopt_schema('salesforce', 'sf', %s::jsonb, dry_run => true, " \
            "force => %s) WHERE rule_id = 'CALL_BUDGET'"
    assert rows(left.owner, query, exported(), False) == []
    left.org.sandbox.call("PUT", "/limits", {"DailyApiRequests": {"max": 100, "remaining": 80}})
    left.owner.execute("CREATE SCHEMA peek")
    left.owner.execute("IMPORT FOREIGN SCHEMA salesforce_system LIMIT TO (_limits) FROM SERVER sf INTO peek")
    left.owner.execute("SELECT * FROM peek._limits LIMIT 1")
    (severity, message, hint), = rows(left.owner, query, exported(), False)
    forced, = rows(left.owner, query, exported(), True)
    assert "budget is 95" in str(refused(left).diag.message_detail)
    left.owner.execute("SELECT sffdw.adopt_schema('salesforce', 'sf', %s::jsonb, force => true)", [exported()])
    assert one(left.owner, "SELECT count(*) > 0 FROM sffdw.mappings")
    left.org.sandbox.call("PUT", "/limits", {"DailyApiRequests": {"max": 1_000_000, "remaining": 999_000}})
    assert message == "polls would cost 1009 API calls a day, the budget is 95"
    assert (severity, forced[0]) == ("error", "warning")
    assert "force => true" in hint
    assert "alter_mapping" in forced[2]


def test_polls_beyond_the_mappings_own_cap_are_refused_unless_forced(left: Left) -> None:
    query = ("SELECT severity, object_name, message, hint <> '' FROM sffdw.adopt_schema('salesforce', 'sf', %s::jsonb, "
             "dry_run => true, force => %s) WHERE rule_id = 'CALL_BUDGET'")
    (severity, name, message, has_hint), = rows(left.owner, query, exported(sf_max_daily_api_calls=100), False)
    assert (severity, name, has_hint) == ("error", "Account", True)
    assert message.endswith("daily_call_cap is 100")
    assert "daily_call_cap is 100" in str(refused(left, exported(sf_max_daily_api_calls=100)).diag.message_detail)
    assert rows(left.owner, query, exported(sf_max_daily_api_calls=100), True)[0][0] == "warning"
    assert rows(left.owner, query, exported(sf_max_daily_api_calls=100, sf_polling_seconds=86400), False) == []


def test_superuser_cannot_adopt(left: Left, database: Session) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction():
        database.execute("SELECT sffdw.adopt_schema('salesforce', 'sf')")


def test_schema_of_another_role_is_refused(left: Left, database: Session) -> None:
    with database.transaction():
        database.execute("ALTER SCHEMA salesforce OWNER TO postgres")
    assert "belongs to role" in str(refused(left).diag.message_detail)


def test_what_the_old_reader_missed_is_found_after_the_adoption(left: Left) -> None:
    left.owner.execute("DELETE FROM salesforce.account WHERE sfid = %s", [left.records[0]])
    left.org.advance(3 * 86400)
    youngest, = left.org.create("Account", {"Name": "youngest"})
    left.owner.execute("INSERT INTO salesforce.account (sfid, name, systemmodstamp) VALUES (%s, 'youngest', %s)",
                       [youngest, left.org.record("Account", youngest)["SystemModstamp"]])
    rows(left.owner, ADOPT, exported())
    poll(left.owner)
    assert left.records[0] not in [sfid for sfid, in rows(left.owner, "SELECT sfid FROM salesforce.account")]
    left.owner.execute("CALL sffdw.maintain()")
    poll(left.owner)
    assert sorted(rows(left.owner, "SELECT sfid FROM salesforce.account")) == sorted(
        (sfid,) for sfid in [*left.records, youngest])


@pytest.mark.parametrize("entry, want", [
    ('"Account"', "names no object"), ('{"config": {}}', "names no object"),
    ('{"object_name": "Account", "config": 5}', "is none"),
    ('{"object_name": "Account", "config": {"fields": "Name"}}', "is none"),
])
def test_entries_that_are_none_are_told_of(left: Left, entry: str, want: str) -> None:
    assert want in str(refused(left, f'{{"mappings": [{entry}]}}').diag.message_detail)


@pytest.mark.parametrize("config, want", [
    ("null", {"Name", "Phone"}), ('{"fields": null}', {"Name", "Phone"}), ('{"fields": ["Name"]}', {"Name"}),
])
def test_fields_may_be_left_out_or_only_named(left: Left, config: str, want: set[str]) -> None:
    rows(left.owner, ADOPT, f'{{"mappings": [{{"object_name": "Account", "config": {config}}}]}}')
    fields = set(one(left.owner, "SELECT fields FROM sffdw.mappings"))
    assert fields & {"Name", "Phone"} == want


def test_parts_that_belong_to_another_role_are_named(left: Left, database: Session) -> None:
    database.execute("ALTER FUNCTION salesforce.hc_account_logger() OWNER TO CURRENT_USER")
    database.commit()
    detail = str(refused(left).diag.message_detail)
    assert 'function "hc_account_logger"' in detail and "account_status" not in detail
