"""The database under the storm: a cluster of its own with pg_cron, the connection, its mappings, and an observer.

The observer is what an application might have: a row trigger on each local table that keeps every version it has seen.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.storm.objects import KINDS, Kind
from tools.cluster import Cluster, bin_dir_of, cron_settings, free_port
from tools.sandbox import Credentials, Sandbox, wait_until
from tools.up import host_environment

DATABASE = "storm"
OWNER = "storm_owner"
LANES = 2
OUTAGE_S = 120.0

OBSERVER = """
CREATE SCHEMA storm;
CREATE TABLE storm.version (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    backend integer NOT NULL DEFAULT pg_backend_pid(),
    object_table name NOT NULL, operation text NOT NULL, old_sfid text, sfid text, row_id integer,
    marker text, version numeric, note text, seal text);
CREATE TABLE storm.identity (sfid text PRIMARY KEY, marker text NOT NULL);
CREATE VIEW storm.step AS
    SELECT seq, object_table, old_sfid AS sfid, -1 AS step FROM storm.version
    WHERE operation = 'DELETE' OR operation = 'UPDATE' AND old_sfid IS DISTINCT FROM sfid
    UNION ALL
    SELECT seq, object_table, sfid, 1 FROM storm.version
    WHERE operation = 'INSERT' OR operation = 'UPDATE' AND old_sfid IS DISTINCT FROM sfid;
CREATE FUNCTION storm.observe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO storm.version (object_table, operation, old_sfid, row_id)
        VALUES (TG_ARGV[0], TG_OP, OLD.sfid, OLD.id);
        RETURN NULL;
    END IF;
    INSERT INTO storm.version (object_table, operation, old_sfid, sfid, row_id, marker, version, note, seal)
    VALUES (TG_ARGV[0], TG_OP, CASE WHEN TG_OP = 'UPDATE' THEN OLD.sfid END, NEW.sfid, NEW.id,
            NEW.marker__c, NEW.version__c::numeric, NEW.note__c, NEW.seal__c);
    RETURN NULL;
END $$;
"""
# What the observer holds against the product: name, and the query for the records concerned.
OFFENCES: tuple[tuple[str, str], ...] = (
    ("was there twice at once", """
        SELECT DISTINCT sfid FROM (
            SELECT sfid, sum(step) OVER (PARTITION BY object_table, sfid ORDER BY seq, step) AS present FROM storm.step
        ) s WHERE present > 1"""),
    ("was removed before it was there", """
        SELECT DISTINCT sfid FROM (
            SELECT sfid, sum(step) OVER (PARTITION BY object_table, sfid ORDER BY seq, step) AS present FROM storm.step
        ) s WHERE present < 0"""),
    ("held another record's data", """
        SELECT DISTINCT v.sfid FROM storm.version v LEFT JOIN storm.identity i USING (sfid)
        WHERE v.operation <> 'DELETE' AND v.marker IS DISTINCT FROM i.marker"""),
    ("held parts of two versions", """
        SELECT DISTINCT sfid FROM storm.version WHERE operation <> 'DELETE'
        AND seal IS DISTINCT FROM md5(concat_ws('|', marker, version::bigint, coalesce(note, '')))"""),
    ("went back to an older version", """
        SELECT DISTINCT sfid FROM (
            SELECT sfid, version, max(version) OVER (PARTITION BY object_table, sfid ORDER BY seq
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM storm.version WHERE operation <> 'DELETE'
        ) v WHERE version < before"""),
)


@dataclass(frozen=True)
class Database:
    """The cluster and how to ask it, through its outages."""

    cluster: Cluster

    def session(self, user: str = OWNER) -> psycopg.Connection[Any]:
        return psycopg.connect(self.cluster.dsn(DATABASE, user), autocommit=True, connect_timeout=10)

    def ask(self, query: str, values: Sequence[Any] = (), user: str = OWNER) -> list[tuple[Any, ...]]:
        """The rows of a query, asked again while the server is down; at most two minutes."""
        deadline = time.monotonic() + OUTAGE_S
        while True:
            try:
                with self.session(user) as session:
                    return session.execute(query, values or None).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def wait_up(self) -> None:
        self.ask("SELECT 1")


def make_database(root: Path) -> Database:
    """Start the cluster: databases, extensions, the owner."""
    settings = cron_settings(root / "pg", DATABASE) | {"log_min_error_statement": "panic", "max_connections": "60"}
    cluster = Cluster(root / "pg", bin_dir_of(os.environ["PG_CONFIG"]), free_port(), settings, host_environment())
    cluster.start()
    cluster.create_database(DATABASE)
    cluster.psql(DATABASE, f"""
        SET client_min_messages = warning;
        CREATE EXTENSION pg_cron;
        CREATE EXTENSION sffdw CASCADE;
        CREATE ROLE {OWNER} LOGIN;
        GRANT USAGE ON SCHEMA cron TO {OWNER};
        GRANT USAGE ON FOREIGN DATA WRAPPER multicorn TO {OWNER};
        GRANT CREATE ON DATABASE {DATABASE} TO {OWNER};
    """)
    return Database(cluster)


def connect_org(database: Database, sandbox: Sandbox, credentials: Credentials) -> None:
    """The foreign server, by the superuser, as an administrator would make it."""
    with database.session("postgres") as session:
        session.execute(sql.SQL(
            "CREATE SERVER org FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'sffdw.SalesforceFdw', login_url {}, "
            "read_timeout '10')").format(sql.Literal(sandbox.url)))
        session.execute(sql.SQL(
            "CREATE USER MAPPING FOR {} SERVER org OPTIONS (auth_flow 'client_credentials', client_id {}, "
            "client_secret {})").format(sql.Identifier(OWNER), sql.Literal(credentials.client_id),
                                        sql.Literal(credentials.client_secret)))
        session.execute(sql.SQL("GRANT USAGE ON FOREIGN SERVER org TO {}").format(sql.Identifier(OWNER)))


def create_mappings(database: Database, options: dict[str, Any]) -> None:
    """The connection, its mappings and their observers; nothing is loaded yet."""
    with database.session() as session:
        create_connection(session, options)
        session.execute(OBSERVER)
        for kind in KINDS:
            create_mapping(session, kind)


def create_connection(session: psycopg.Connection[Any], options: dict[str, Any]) -> None:
    session.execute("SELECT sffdw.create_connection('org')")
    session.execute("UPDATE sffdw.connection SET options = options || %s", [Jsonb(options)])


def create_mapping(session: psycopg.Connection[Any], kind: Kind) -> None:
    map_object(session, kind.name, kind.compared, kind.mapping)
    observe(session, kind.table)


def map_object(session: psycopg.Connection[Any], name: str, fields: Sequence[str], more: Mapping[str, Any]) -> None:
    given = {"object_name": name, "fields": list(fields), "poll_interval": "5 seconds", "daily_call_cap": 1_000_000,
             "force": True, **more}
    session.execute(sql.SQL("SELECT sffdw.create_mapping({})").format(sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in given.items())))


def observe(session: psycopg.Connection[Any], table: str) -> None:
    session.execute(sql.SQL(
        "CREATE TRIGGER observe AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION storm.observe({})"
    ).format(sql.SQL(table), sql.Literal(table)))


def schedule(database: Database) -> None:
    """The product's own jobs. Those that it has started with the server meet most of the kills."""
    with database.session() as session:
        session.execute("SELECT sffdw.schedule(lanes => %s)", [LANES])


def find_offences(session: psycopg.Connection[Any], markers: dict[str, str]) -> dict[str, list[str]]:
    """What the observer saw and should not have seen: records by offence. `markers` has each record's identity."""
    session.execute("TRUNCATE storm.identity")
    with session.cursor().copy("COPY storm.identity (sfid, marker) FROM STDIN") as copy:
        for pair in markers.items():
            copy.write_row(pair)
    found = {name: [row[0] for row in session.execute(query).fetchall()] for name, query in OFFENCES}
    found["is not there as observed"] = unobserved(session)
    return {name: ids for name, ids in found.items() if ids}


def unobserved(session: psycopg.Connection[Any]) -> list[str]:
    """Records whose presence is not what the observer has seen: a change went past the trigger."""
    tables = " UNION ALL ".join(f"SELECT '{kind.table}'::name, sfid FROM {kind.table}" for kind in KINDS)
    return [row[0] for row in session.execute(f"""
        SELECT coalesce(s.sfid, t.sfid)
        FROM (SELECT object_table, sfid FROM storm.step GROUP BY 1, 2 HAVING sum(step) > 0) s
        FULL JOIN ({tables}) AS t (object_table, sfid) USING (object_table, sfid)
        WHERE s.sfid IS NULL OR t.sfid IS NULL""").fetchall()]


def wait_polled(database: Database, seconds: float) -> None:
    """Wait until every mapping has ended a poll, and begun a sweep, that started after now."""
    began, swept = database.ask("SELECT clock_timestamp(), max(next_sweep_at) FROM sffdw.mapping")[0]
    wait_until(lambda: database.ask(
        "SELECT coalesce(bool_and(last_poll_at > %s AND phase IS NULL "
        "AND next_sweep_at > %s), false) FROM sffdw.mapping", [began, swept])[0][0],
        seconds, "not every mapping has been polled and swept again", every=1)


def states(database: Database) -> list[str]:
    """One line a mapping, for people."""
    return [" ".join(str(value) for value in row) for row in database.ask("""
        SELECT m.object_name, m.state, m.phase, m.watermark_at, m.next_poll_at, m.error_count, m.last_error,
               (SELECT count(*) FROM sffdw.deferred_record d WHERE d.mapping_id = m.mapping_id)
        FROM sffdw.mapping m ORDER BY m.mapping_id""")]
