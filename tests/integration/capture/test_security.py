"""What one role's objects can make another role run or show."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from tests.conftest import APP, OWNER

from .queries import Session, refusal, rows

Connect = Callable[..., Session]

FORGED_CONNECTION = """
    INSERT INTO sffdw.connection (
        connection_name, server_name, schema_name, live_schema_name, hstore_schema, run_search_path)
    VALUES ('trap', 'sf', 'trap', 'trap_live', 'public', 'public')
"""
LURE = """
    CREATE FUNCTION trap.lure() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'ran as %', current_user;
    END $$
"""
LOG_COLUMNS = "id integer, table_name {0}, state {0}, record_id integer, sfid text, action text, sf_message text, " \
    "created_at timestamptz, processed_at timestamptz"
LURING_VIEW = """
    CREATE VIEW trap._trigger_log AS
    SELECT 1 AS id, trap.lure() AS table_name, trap.lure() AS state, 1 AS record_id, trap.lure() AS sfid,
           'INSERT'::text AS action, 'x'::text AS sf_message, now() AS created_at, now() AS processed_at
"""
LURING_CAST = """
    CREATE TYPE trap.bait AS (word text);
    CREATE FUNCTION trap.spring(trap.bait) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'ran as %', current_user;
    END $$;
    CREATE CAST (trap.bait AS text) WITH FUNCTION trap.spring(trap.bait) AS IMPLICIT;
"""


@pytest.fixture
def trapper(database: Session, connect: Connect) -> Session:
    """A role that made a schema and a row of the catalog by hand."""
    database.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
        sql.Identifier(database.info.dbname), sql.Identifier(OWNER)))
    database.commit()
    session = connect(user=OWNER)
    session.execute("CREATE SCHEMA trap")
    session.execute(FORGED_CONNECTION)
    session.execute(LURE)
    return session


@pytest.mark.parametrize("view", ["connections", "mappings", "write_errors"])
def test_a_view_in_the_place_of_the_log_is_not_read(trapper: Session, database: Session, view: str) -> None:
    trapper.execute(LURING_VIEW)
    trapper.execute("CREATE VIEW trap._trigger_log_archive AS TABLE trap._trigger_log")
    map_trap(trapper)
    database.execute(f"SELECT * FROM sffdw.{view}")


@pytest.mark.parametrize("view", ["connections", "mappings", "write_errors"])
def test_a_log_with_types_of_its_own_is_not_read(trapper: Session, database: Session, view: str) -> None:
    trapper.execute(LURING_CAST)
    for table in ("_trigger_log", "_trigger_log_archive"):
        trapper.execute(f"CREATE TABLE trap.{table} ({LOG_COLUMNS.format('trap.bait')})")
        trapper.execute(f"INSERT INTO trap.{table} (state, table_name) VALUES (ROW('FAILED'), ROW('account'))")
    map_trap(trapper)
    database.execute(f"SELECT * FROM sffdw.{view}")


def test_a_view_in_the_place_of_a_mapped_table_is_not_counted(trapper: Session, database: Session) -> None:
    trapper.execute("CREATE VIEW trap.account AS SELECT WHERE trap.lure() IS NOT NULL")
    map_trap(trapper)
    assert rows(database, "SELECT local_count FROM sffdw.mappings") == [(None,)]


def map_trap(trapper: Session) -> None:
    trapper.execute("""
        INSERT INTO sffdw.mapping (connection_id, object_name, table_name, has_systemmodstamp, has_isdeleted,
                                   replicateable)
        SELECT connection_id, 'Account', 'account', true, true, true FROM sffdw.connection""")


def test_superusers_see_counts_of_a_real_connection(account: Session, app: Session, database: Session) -> None:
    app.execute("INSERT INTO salesforce.account (name) VALUES ('A')")
    assert rows(database, "SELECT pending_write_count FROM sffdw.connections") == [(1,)]
    assert rows(database, "SELECT pending_write_count, local_count FROM sffdw.mappings") == [(1, 1)]


def test_an_overload_of_hstore_does_not_run_in_the_capture(account: Session, app: Session, database: Session) -> None:
    """In a schema where everybody may create, a function for the table's own row type would win over hstore(record)."""
    database.execute("GRANT CREATE ON SCHEMA public TO crm_app")
    database.commit()
    app.execute("""
        CREATE FUNCTION public.hstore(salesforce.account) RETURNS public.hstore LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'ran as %', current_user;
        END $$""")
    app.execute("INSERT INTO salesforce.account (name) VALUES ('A')")
    app.execute("UPDATE salesforce.account SET name = 'B'")
    account.execute("UPDATE salesforce._trigger_log SET state = 'FAILED'")
    assert rows(account, "SELECT sffdw.retry()") == [(2,)]
    app.execute("DELETE FROM salesforce.account")
    assert rows(account, "SELECT DISTINCT \"values\"::public.hstore -> 'name' FROM salesforce._trigger_log "
                         "WHERE action <> 'DELETE' ORDER BY 1") == [("A",), ("B",)]


def test_an_xmlbinary_switch_of_a_strange_role_is_refused(live: Session, database: Session) -> None:
    database.execute("CREATE FUNCTION public.get_xmlbinary() RETURNS varchar LANGUAGE sql AS 'SELECT ''base64'''")
    database.execute(f"GRANT CREATE ON SCHEMA public TO {APP}")
    database.execute(f"ALTER FUNCTION public.get_xmlbinary() OWNER TO {APP}")
    database.commit()
    state, message, _ = refusal(live, "SELECT sffdw.create_connection('sf')")
    assert (state, message) == ("42501", f'function public.get_xmlbinary() belongs to role "{APP}"')


def test_a_table_of_another_role_is_not_taken_over(owner: Session, connect: Connect) -> None:
    owner.execute(f"GRANT CREATE, USAGE ON SCHEMA salesforce TO {APP}")
    app = connect(user=APP)
    app.execute("CREATE TABLE salesforce.account (name varchar(255), createddate timestamp, isdeleted boolean, "
                "systemmodstamp timestamp, sfid varchar(18), id serial PRIMARY KEY, _hc_lastop varchar(32), "
                "_hc_err text)")
    app.execute("CREATE INDEX hc_idx_account_systemmodstamp ON salesforce.account (systemmodstamp)")
    app.execute("CREATE UNIQUE INDEX hcu_idx_account_sfid ON salesforce.account (sfid)")
    app.execute(f"GRANT ALL ON salesforce.account TO {OWNER}")
    state, message, _ = refusal(owner, "SELECT sffdw.create_mapping('Account', '{Name}')")
    assert (state, message) == ("42501", f'table salesforce.account belongs to role "{APP}"')


def test_an_app_can_neither_read_nor_forge(account: Session, app: Session) -> None:
    for statement in (
        "SELECT * FROM salesforce._trigger_log",
        "INSERT INTO salesforce._trigger_log (state, action, table_name) VALUES ('NEW', 'DELETE', 'account')",
        "SELECT salesforce.hc_capture_insert_from_row(public.hstore(a), 'account') FROM "
        "(SELECT 1 AS id) a",
        "SELECT * FROM salesforce_live.account",
        "SELECT salesforce.hc_account_logger()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
    app.execute("CREATE TEMPORARY TABLE mine (LIKE salesforce.account)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW "
                    "EXECUTE FUNCTION salesforce.hc_account_logger()")
    app.execute("INSERT INTO salesforce.account (name, _hc_lastop, _hc_err) VALUES ('A', 'SYNCED', 'lie')")
    app.execute("UPDATE salesforce.account SET _hc_lastop = 'FAILED', _hc_err = 'lie'")
    assert rows(app, "SELECT _hc_lastop, _hc_err FROM salesforce.account") == [("PENDING", None)]
    assert rows(app, "SELECT * FROM sffdw.connections") == []
    assert rows(app, "SELECT umoptions FROM pg_user_mappings WHERE srvname = 'sf'") == [(None,)]


def test_another_owner_sees_and_changes_nothing(account: Session, app: Session) -> None:
    """crm_app is an owner of connections as good as any: it owns none of these."""
    account.execute("SELECT sffdw.notify(connection_id, 'mapping-error', 'x') FROM sffdw.connection")
    for table in ("connection", "mapping", "mapping_field", "log_entry", "notification", "write_claim", "sync_run",
                  "deferred_record", "api_call"):
        assert rows(app, f"SELECT * FROM sffdw.{table}") == []
        assert app.execute(f"DELETE FROM sffdw.{table}").rowcount == 0
    for statement in (
        "INSERT INTO sffdw.log_entry (connection_id, event, message) VALUES (1, 'x', 'forged')",
        "SELECT sffdw.notify(1, 'write-error', 'forged')",
        FORGED_CONNECTION.replace("connection_name, ", "owner_role, connection_name, ", 1).replace(
            "('trap'", f"('{OWNER}', 'trap'", 1),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
    assert refusal(app, "SELECT sffdw.pause()")[0] == "42704"


def test_a_lock_held_by_a_stranger_is_reported(account: Session, app: Session) -> None:
    """Advisory locks are open to every role: the owner is told who keeps the writer out."""
    app.execute("INSERT INTO salesforce.account (name) VALUES ('A')")
    key = rows(account, "SELECT sffdw.run_lock_key(connection_id, 'write', 0) FROM sffdw.connection")[0][0]
    app.execute("SELECT pg_advisory_lock(%s)", [key])
    said: list[tuple[str | None, str | None]] = []
    account.add_notice_handler(lambda notice: said.append((notice.severity, notice.message_detail)))
    account.execute("CALL sffdw.write()")
    assert said == [("WARNING", f'Process {app.info.backend_pid} of role "{APP}" holds its advisory lock.')]
    app.execute("SELECT pg_advisory_unlock(%s)", [key])
    account.execute("CALL sffdw.write()")
    assert rows(account, "SELECT state FROM salesforce._trigger_log") == [("SUCCESS",)]
