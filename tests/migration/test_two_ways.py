"""Sqitch and CREATE EXTENSION give the same catalog, exclude each other, and go without a trace."""

import re

import pytest

from .conftest import Database


def catalog(database: Database) -> list[str]:
    """Everything pg_dump knows of schema sffdw: definitions, settings, rights, policies and comments."""
    lines = database.dump("--schema=sffdw").splitlines()
    return [line for line in lines if line and not re.match(r"--|SET |SELECT pg_catalog.set_config|\\", line)]


def test_both_ways_give_the_same_catalog(deployed: Database, extended: Database) -> None:
    by_sqitch = catalog(deployed)
    assert "CREATE FUNCTION sffdw.create_mapping" in "\n".join(by_sqitch)
    assert any(line.startswith("GRANT ") for line in by_sqitch)
    assert any(line.startswith("COMMENT ON ") for line in by_sqitch)
    assert any(line.lstrip().startswith("SET search_path TO") for line in by_sqitch)
    assert by_sqitch == catalog(extended)


@pytest.mark.parametrize(("change", "undo"), [
    ("ALTER TABLE sffdw.mapping ADD COLUMN extra integer", "ALTER TABLE sffdw.mapping DROP COLUMN extra"),
    ("GRANT TRUNCATE ON sffdw.mapping TO PUBLIC", "REVOKE TRUNCATE ON sffdw.mapping FROM PUBLIC"),
    ("COMMENT ON FUNCTION sffdw.fit_name(text) IS 'other'", None),
    ("ALTER FUNCTION sffdw.fit_name(text) RESET search_path", None),
    ("ALTER FUNCTION sffdw.fit_name(text) SECURITY DEFINER", "ALTER FUNCTION sffdw.fit_name(text) SECURITY INVOKER"),
    ("ALTER TABLE sffdw.mapping DISABLE ROW LEVEL SECURITY", "ALTER TABLE sffdw.mapping ENABLE ROW LEVEL SECURITY"),
])
def test_comparison_sees_a_change_on_one_side(extended: Database, change: str, undo: str | None) -> None:
    before = catalog(extended)
    extended.psql(change)
    assert catalog(extended) != before
    if undo is not None:
        extended.psql(undo)
        assert catalog(extended) == before


def everything(database: Database) -> list[str]:
    """The whole database as pg_dump sees it, without Sqitch's registry and the dump's own random key."""
    return [line for line in database.dump("--exclude-schema=sqitch").splitlines() if not line.startswith("\\")]


def test_verify_passes_and_notices_a_right_too_many(deployed: Database) -> None:
    assert deployed.sqitch("verify").returncode == 0
    deployed.psql("GRANT TRUNCATE ON sffdw.mapping TO PUBLIC")
    failed = deployed.sqitch("verify", "--from-change", "tables/mapping", "--to-change", "tables/mapping")
    deployed.psql("REVOKE TRUNCATE ON sffdw.mapping FROM PUBLIC")
    assert failed.returncode != 0 and "no one else may truncate" in failed.stdout + failed.stderr


def test_revert_leaves_nothing(empty: Database, copied: Database) -> None:
    before = everything(empty)
    assert everything(copied) != before
    done = copied.sqitch("revert", "-y")
    assert done.returncode == 0, done.stderr
    assert everything(copied) == before


def test_drop_extension_leaves_nothing(empty: Database) -> None:
    objects = "SELECT count(*) FROM pg_depend WHERE classid <> 'pg_rewrite'::regclass"
    before = everything(empty), empty.psql(objects)
    empty.psql("CREATE EXTENSION sffdw")
    assert empty.psql(objects) != before[1]
    empty.psql("DROP EXTENSION sffdw")
    assert (everything(empty), empty.psql(objects)) == before


def test_extension_is_refused_where_sqitch_deployed(deployed: Database) -> None:
    with pytest.raises(RuntimeError) as caught:
        deployed.psql("\\set VERBOSITY verbose\nCREATE EXTENSION sffdw")
    assert "42P06" in str(caught.value) and "sqitch revert" in str(caught.value)


def test_sqitch_is_refused_where_the_extension_is(empty: Database) -> None:
    empty.psql("CREATE EXTENSION sffdw")
    done = empty.sqitch("deploy")
    assert done.returncode != 0
    assert "ALTER EXTENSION sffdw UPDATE" in done.stderr
    assert empty.psql("SELECT count(*) FROM sqitch.changes").strip() == "0"


@pytest.mark.parametrize("missing", ["hstore", "multicorn"])
def test_sqitch_says_which_extension_is_missing(empty: Database, missing: str) -> None:
    empty.psql(f"DROP EXTENSION {missing}")
    done = empty.sqitch("deploy")
    assert done.returncode != 0 and f"CREATE EXTENSION {missing}" in done.stderr


def test_every_object_has_a_comment(deployed: Database) -> None:
    assert deployed.psql("""
        SELECT o.kind || ' ' || o.name
        FROM (
            SELECT 'relation', c.oid::regclass::text, obj_description(c.oid, 'pg_class')
            FROM pg_class c WHERE c.relnamespace = 'sffdw'::regnamespace AND c.relkind IN ('r', 'v')
            UNION ALL
            SELECT 'routine', p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc')
            FROM pg_proc p WHERE p.pronamespace = 'sffdw'::regnamespace
        ) AS o (kind, name, comment)
        WHERE o.comment IS NULL""") == ""


def test_every_definer_function_is_known_and_pinned(deployed: Database) -> None:
    assert deployed.psql("SELECT p.proname, p.proconfig FROM pg_proc p WHERE p.prosecdef "
                         "AND p.pronamespace = 'sffdw'::regnamespace ORDER BY 1").splitlines() == [
        'cluster_identity|{"search_path=pg_catalog, pg_temp"}',
        'create_xmlbinary_switch|{"search_path=pg_catalog, pg_temp"}',
        'cron_setting|{"search_path=pg_catalog, pg_temp"}']
