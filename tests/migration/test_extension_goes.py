"""What stays when the extension is dropped or the database is restored from a dump."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tools.cluster import Cluster

from .conftest import Database

Session = psycopg.Connection[Any]


@pytest.fixture
def mapped(connection: Session) -> Session:
    connection.execute("SELECT sffdw.create_mapping('Account', access => 'read_write')")
    connection.execute("SELECT sffdw.create_mapping('Contact')")
    return connection


@pytest.fixture
def restored(cluster: Cluster) -> Iterator[Database]:
    cluster.create_database("migration_restored")
    yield Database(cluster, "migration_restored")
    cluster.psql("postgres", "DROP DATABASE migration_restored WITH (FORCE)")


def test_capture_still_logs_after_drop_extension(database: Session, mapped: Session) -> None:
    with database.transaction():
        database.execute("DROP EXTENSION sffdw")
    mapped.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    mapped.execute("SELECT salesforce.hc_capture_update_from_row(hstore(a.*), 'account') FROM salesforce.account a")
    assert mapped.execute("SELECT action, state FROM salesforce._trigger_log ORDER BY id").fetchall() == [
        ("INSERT", "NEW"), ("UPDATE", "NEW")]
    assert mapped.execute("SELECT _hc_lastop FROM salesforce.account").fetchall() == [("PENDING",)]
    assert mapped.execute("SELECT details::jsonb #>> '{mappings,1,object_name}' "
                          "FROM salesforce._hcmeta").fetchall() == [("Contact",)]


def test_dump_keeps_configuration_and_watermarks(
        cluster: Cluster, database: Session, mapped: Session, connect: Callable[..., Session],
        restored: Database) -> None:
    mapped.execute("UPDATE sffdw.mapping SET watermark_at = '2026-01-02 03:04:05Z', watermark_id = 'x'")
    mapped.execute("INSERT INTO sffdw.deferred_record (mapping_id, sfid, reason) SELECT mapping_id, '1', 'locked' "
                   "FROM sffdw.mapping")
    mapped.execute("INSERT INTO salesforce.account (name) VALUES ('x')")
    kept = ("SELECT to_jsonb(c) FROM sffdw.connection c UNION ALL SELECT to_jsonb(m) FROM sffdw.mapping m "
            "UNION ALL SELECT to_jsonb(f) FROM sffdw.mapping_field f "
            "UNION ALL SELECT to_jsonb(d) FROM sffdw.deferred_record d ORDER BY 1")
    source = Database(cluster, database.info.dbname)
    restored.restore("\n".join(["CREATE EXTENSION multicorn;", source.dump()]))
    assert restored.psql(kept) == source.psql(kept) != ""
    assert restored.psql("SELECT count(*) FROM sffdw.log_entry").strip() == "0"
    ids = restored.psql("INSERT INTO sffdw.mapping (connection_id, object_name, table_name, has_systemmodstamp, "
                        "has_isdeleted, replicateable) SELECT connection_id, 'X', 'x', true, true, true "
                        "FROM sffdw.connection RETURNING mapping_id").strip()
    assert int(ids) == 3
    restored.psql("INSERT INTO salesforce.account (name) VALUES ('y')")
    assert restored.psql("SELECT id, state FROM salesforce._trigger_log ORDER BY id").splitlines() == ["1|NEW", "2|NEW"]
