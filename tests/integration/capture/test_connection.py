"""Connections: what create_connection makes and refuses, who sees them, pause, recover and drop."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.conftest import OWNER
from tools.sandbox import wait_until

from .queries import Session, refusal, rows

Connect = Callable[..., Session]

OTHER_ORG = "00D000000000009AAA"


def state_of(session: Session) -> tuple[Any, ...]:
    row = session.execute("SELECT state, paused, last_error IS NULL FROM sffdw.connections").fetchone()
    assert row is not None
    return row


def test_connection_belongs_to_its_maker_and_knows_org_and_server(owner: Session) -> None:
    found = rows(owner, """
           SELECT c.connection_name, c.schema_name, c.live_schema_name, c.owner_role, c.state,
                  c.org_id = s.org_id, c.api_version = s.api_version,
                  c.system_identifier = (SELECT system_identifier FROM pg_control_system()), c.timeline_id,
                  c.data_directory ~ '^[0-9a-f]{64}$', c.hstore_schema
           FROM sffdw.connection c CROSS JOIN salesforce_live._session s""")
    assert found == [("salesforce", "salesforce", "salesforce_live", "crm_owner", "IDLE", True, True, True, 1,
                     True, "public")]


def test_search_path_of_the_maker_is_kept_for_users_triggers(live: Session) -> None:
    live.execute("SET search_path = app, extra")
    live.execute("SELECT sffdw.create_connection('sf')")
    assert rows(live, "SELECT run_search_path FROM sffdw.connection") == [("app, extra, public",)]


def test_names_ignore_case(live: Session) -> None:
    live.execute("SELECT sffdw.create_connection('sf', 'CRM', 'CRM_Live')")
    assert rows(live, "SELECT schema_name, live_schema_name FROM sffdw.connections") == [("crm", "crm_live")]
    live.execute("SELECT sffdw.create_mapping('account', connection_name => 'Crm')")
    assert rows(live, "SELECT to_regclass('crm.account') IS NOT NULL") == [(True,)]
    assert refusal(live, "SELECT sffdw.create_connection('sf', 'cRM', 'other_live')")[0] == "42710"


@pytest.mark.parametrize(("prepare", "call", "sqlstate", "hint"), [
    (None, "SELECT sffdw.create_connection('nowhere')", "42704", "CREATE SERVER nowhere"),
    ("CREATE FOREIGN DATA WRAPPER other; CREATE SERVER other FOREIGN DATA WRAPPER other",
     "SELECT sffdw.create_connection('other')", "42809", "sffdw.SalesforceFdw"),
    ("REVOKE USAGE ON FOREIGN SERVER sf FROM crm_owner", "SELECT sffdw.create_connection('sf')", "42501",
     "GRANT USAGE ON FOREIGN SERVER sf TO crm_owner"),
    ("DROP USER MAPPING FOR crm_owner SERVER sf", "SELECT sffdw.create_connection('sf')", "42704",
     "CREATE USER MAPPING FOR crm_owner SERVER sf"),
    ("CREATE SCHEMA salesforce", "SELECT sffdw.create_connection('sf')", "42501",
     "ALTER SCHEMA salesforce OWNER TO crm_owner"),
    ("CREATE SCHEMA salesforce AUTHORIZATION crm_owner; CREATE TABLE salesforce._trigger_log (id int)",
     "SELECT sffdw.create_connection('sf')", "42P07", "choose another schema_name"),
    ("ALTER EXTENSION hstore SET SCHEMA pg_catalog; CREATE SCHEMA hidden; ALTER EXTENSION hstore SET SCHEMA hidden",
     "SELECT sffdw.create_connection('sf')", "42501", "GRANT USAGE ON SCHEMA hidden TO crm_owner"),
    (None, "SELECT sffdw.create_connection('sf', 'salesforce_live')", "22023", "salesforce_live_live"),
    (None, "SELECT sffdw.create_connection('sf', repeat('x', 49))", "42622", "48 bytes"),
    (None, "SELECT sffdw.create_connection('sf', write_algorithm => 'random')", "22023", "ordered, merged"),
    (None, """SELECT sffdw.create_connection('sf', options => '{"x": 1}')""", "HV00D",
     "Valid options in this context are: accelerated_gap_s, "),
    (None, """SELECT sffdw.create_connection('sf', options => '{"ucs_basic_collation_index": 1}')""", "22023",
     "true or false"),
    (None, """SELECT sffdw.create_connection('sf', options => '{"page_size": 0.5}')""", "22023", "whole number"),
])
def test_connection_is_refused_with_a_way_out(
        database: Session, live: Session, prepare: str | None, call: str, sqlstate: str, hint: str) -> None:
    if prepare is not None:
        with database.transaction():
            database.execute(prepare)
    found, message, found_hint = refusal(live, call)
    assert found == sqlstate and message and hint in found_hint
    assert rows(live, "SELECT count(*) FROM sffdw.connection") == [(0,)]


def test_every_number_that_steers_the_synchronisation_is_an_option(live: Session) -> None:
    settings = rows(live, "SELECT jsonb_object_keys(sffdw.sync_defaults())")
    assert len(settings) > 5
    for setting, in settings:
        live.execute("SELECT sffdw.check_connection_options('ordered', jsonb_build_object(%s::text, 7))", [setting])


def test_superuser_cannot_connect(database: Session, live: Session) -> None:
    sqlstate, _, hint = refusal(database, "SELECT sffdw.create_connection('sf')")
    assert sqlstate == "42501" and "SET ROLE" in hint


def test_hstore_is_used_where_it_lives(database: Session, live: Session) -> None:
    with database.transaction():
        database.execute("CREATE SCHEMA heroku_ext; ALTER EXTENSION hstore SET SCHEMA heroku_ext")
        database.execute("GRANT USAGE ON SCHEMA heroku_ext TO crm_owner")
    live.execute("SELECT sffdw.create_connection('sf')")
    live.execute("SELECT sffdw.create_mapping('Account', access => 'read_write')")
    live.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    assert rows(live, "SELECT ((\"values\")::heroku_ext.hstore OPERATOR(heroku_ext.->) 'name') "
                        "FROM salesforce._trigger_log") == [("x",)]
    assert rows(live, "SELECT run_search_path FROM sffdw.connection") == [('"$user", public, heroku_ext',)]


def test_others_see_nothing_of_a_connection(account: Session, connect: Connect) -> None:
    stranger = connect(user="crm_app")
    for table in ("connection", "mapping", "mapping_field", "log_entry", "connections", "mappings", "log"):
        assert rows(account, f"SELECT count(*) > 0 FROM sffdw.{table}") == [(True,)]
        assert rows(stranger, f"SELECT count(*) FROM sffdw.{table}") == [(0,)]
    stranger.execute("UPDATE sffdw.connection SET state = 'PAUSED'")
    stranger.execute("DELETE FROM sffdw.mapping")
    assert rows(account, "SELECT c.state, count(*) FROM sffdw.connection c JOIN sffdw.mapping m USING (connection_id) "
                           "GROUP BY 1") == [("IDLE", 1)]
    assert refusal(stranger, "SELECT sffdw.pause()")[0] == "42704"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("UPDATE sffdw.connection SET owner_role = 'crm_owner'; "
                         "INSERT INTO sffdw.connection (connection_name, server_name, schema_name, live_schema_name, "
                         "owner_role, hstore_schema, run_search_path) "
                         "VALUES ('x', 'sf', 'x', 'y', 'crm_owner', 'public', '')")


def test_members_of_the_owner_role_see_it(database: Session, owner: Session, connect: Connect) -> None:
    with database.transaction():
        database.execute("CREATE ROLE crm_member LOGIN IN ROLE crm_owner")
    try:
        member = connect(user="crm_member")
        assert rows(member, "SELECT connection_name FROM sffdw.connections") == [("salesforce",)]
        sqlstate, _, hint = refusal(member, "SELECT sffdw.create_mapping('Account')")
        assert sqlstate == "42501" and "SET ROLE crm_owner" in hint
    finally:
        member.close()
        with database.transaction():
            database.execute("DROP ROLE crm_member")


def test_dropped_owner_role_leaves_the_catalog_readable(database: Session, owner: Session) -> None:
    with database.transaction():
        database.execute("UPDATE sffdw.connection SET owner_role = 'gone'")
    assert rows(owner, "SELECT count(*) FROM sffdw.connections") == [(0,)]


@pytest.mark.parametrize(("call", "want"), [
    ("sffdw.pause()", ("PAUSED", "both", True)),
    ("sffdw.pause('in')", ("IDLE", "in", True)),
    ("sffdw.pause('out')", ("IDLE", "out", True)),
    ("sffdw.pause('in'), sffdw.pause('out')", ("PAUSED", "both", True)),
    ("sffdw.pause(), sffdw.resume('out')", ("IDLE", "in", True)),
    ("sffdw.pause(), sffdw.resume()", ("IDLE", "none", True)),
])
def test_each_direction_pauses_and_resumes(owner: Session, call: str, want: tuple[Any, ...]) -> None:
    owner.execute(f"SELECT {call}")
    assert state_of(owner) == want


def test_unknown_direction_is_refused(owner: Session) -> None:
    assert refusal(owner, "SELECT sffdw.pause('up')") == (
        "22023", 'invalid value for "direction": up', "Valid values are: both, in, out.")


def check(session: Session) -> str | None:
    row = session.execute("SELECT sffdw.check_connection(connection_id) FROM sffdw.connection").fetchone()
    assert row is not None
    return row[0]


def test_same_org_and_server_pass_the_check(owner: Session) -> None:
    owner.execute("SELECT count(*) FROM salesforce_live._objects")
    assert check(owner) is None
    assert state_of(owner) == ("IDLE", "none", True)
    assert rows(owner, "SELECT calls_limit > 0 FROM sffdw.connections") == [(True,)]


@pytest.mark.parametrize(("change", "problem"), [
    (f"org_id = '{OTHER_ORG}'", f"belongs to org {OTHER_ORG}"),
    ("system_identifier = 1", "the system identifier differs"),
    ("timeline_id = 7", "the timeline differs"),
    ("data_directory = 'elsewhere'", "the data directory differs"),
    ("timeline_id = 7, data_directory = 'elsewhere'", "the timeline and the data directory differs"),
])
def test_other_org_or_server_stops_the_connection(owner: Session, change: str, problem: str) -> None:
    owner.execute(f"UPDATE sffdw.connection SET {change}")
    found = check(owner)
    assert found is not None and problem in found
    assert state_of(owner) == ("RECOVERY", "none", False)
    assert rows(owner, "SELECT event_type, message FROM sffdw.notifications") == [("connection-error", found)]
    assert refusal(owner, "SELECT sffdw.refuse_recovery(c) FROM sffdw.connection c")[0] == "SF002"
    assert check(owner) == found
    assert rows(owner, "SELECT count(*) FROM sffdw.notifications") == [(1,)]


def test_org_is_accepted_by_its_name_only(account: Session) -> None:
    row = account.execute("SELECT org_id FROM sffdw.connection").fetchone()
    assert row is not None
    account.execute(f"UPDATE sffdw.connection SET org_id = '{OTHER_ORG}'")
    account.execute("UPDATE sffdw.mapping SET state = 'DATA_SYNCED', load_cursor = 'x'")
    check(account)
    for call in ("sffdw.recover()", "sffdw.recover(accept_cluster => true)", f"sffdw.recover('{OTHER_ORG}')"):
        sqlstate, _, hint = refusal(account, f"SELECT {call}")
        assert sqlstate == "SF002" and row[0] in hint
    account.execute("SELECT sffdw.recover(left(%s, 15))", row)
    assert state_of(account) == ("IDLE", "none", True)
    assert rows(account, "SELECT c.org_id, h.org_id FROM sffdw.connection c, salesforce._hcmeta h") == [row * 2]
    assert rows(account, "SELECT state, load_cursor FROM sffdw.mapping") == [("RESYNC", None)]


def test_cluster_is_accepted_when_told_so(account: Session) -> None:
    account.execute("UPDATE sffdw.connection SET timeline_id = 7")
    account.execute("UPDATE sffdw.mapping SET state = 'DATA_SYNCED'")
    check(account)
    sqlstate, _, hint = refusal(account, "SELECT sffdw.recover()")
    assert sqlstate == "SF002" and "accept_cluster => true" in hint
    account.execute("SELECT sffdw.recover(accept_cluster => true)")
    assert check(account) is None
    assert rows(account, "SELECT state FROM sffdw.mapping") == [("DATA_SYNCED",)]


def test_pause_does_not_hide_an_error_and_recover_keeps_the_pause(owner: Session) -> None:
    owner.execute("UPDATE sffdw.connection SET timeline_id = 7")
    check(owner)
    owner.execute("SELECT sffdw.pause()")
    assert state_of(owner) == ("RECOVERY", "both", False)
    owner.execute("SELECT sffdw.recover(accept_cluster => true)")
    assert state_of(owner) == ("PAUSED", "both", True)


def relations_of(session: Session) -> set[str]:
    return {f"{schema}.{name}" for schema, name in rows(session,
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relkind IN ('r', 'f') "
        "AND relnamespace::regnamespace::text LIKE 'salesforce%'")}


def test_drop_keeps_the_tables_without_our_triggers(account: Session) -> None:
    before = relations_of(account)
    account.execute("SELECT sffdw.drop_connection()")
    assert relations_of(account) == before
    assert rows(account, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'salesforce.account'::regclass") == [(0,)]
    account.execute("INSERT INTO salesforce.account (name) VALUES ('mine now')")
    assert rows(account, "SELECT count(*) FROM salesforce._trigger_log") == [(0,)]
    assert rows(account, "SELECT count(*) FROM sffdw.connection") == [(0,)]


def test_drop_with_tables_leaves_nothing_but_what_is_the_users(account: Session) -> None:
    account.execute("CREATE TABLE salesforce.my_own ()")
    account.execute("SELECT sffdw.drop_connection(drop_tables => true)")
    assert {name for name in relations_of(account) if name.startswith("salesforce.")} == {"salesforce.my_own"}
    account.execute("DROP SCHEMA salesforce CASCADE")
    account.execute("SELECT sffdw.create_connection('sf')")
    assert rows(account, "SELECT count(*) FROM sffdw.mapping") == [(0,)]


def test_drop_stops_at_a_users_view(account: Session) -> None:
    account.execute("CREATE VIEW salesforce.names AS SELECT name FROM salesforce.account")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        account.execute("SELECT sffdw.drop_mapping('Account', drop_table => true)")
    assert rows(account, "SELECT count(*) FROM sffdw.mapping") == [(1,)]


def test_drop_mapping_warns_of_what_stays_unsent(account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    notices: list[tuple[str | None, str | None]] = []
    account.add_notice_handler(lambda n: notices.append((n.sqlstate, n.message_primary)))
    account.execute("SELECT sffdw.drop_mapping('ACCOUNT')")
    assert notices == [("01000", "1 captured changes have not been sent to Salesforce")]
    assert rows(account, "SELECT count(*) FROM sffdw.mappings") == [(0,)]


def test_drop_mapping_waits_for_the_step_of_a_poll_before_it_touches_the_table(
        account: Session, connect: Connect) -> None:
    poll = connect(user=OWNER, autocommit=False)
    poll.execute("SELECT FROM sffdw.mapping FOR NO KEY UPDATE")
    account.execute("SET application_name = 'dropper'")
    with ThreadPoolExecutor(1) as pool:
        dropped = pool.submit(account.execute, "SELECT sffdw.drop_mapping('Account', drop_table => true)")
        wait_until(lambda: poll.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dropper' "
                                        "AND wait_event_type = 'Lock'").fetchone() == (1,), 5, "nobody waits")
        assert poll.execute("SELECT count(*) FROM salesforce.account").fetchone() == (0,)
        poll.commit()
        dropped.result(10)
    assert account.execute("SELECT to_regclass('salesforce.account')").fetchone() == (None,)
