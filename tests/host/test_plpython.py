"""PL/Python and the host in one backend, whichever comes first."""

import psycopg
import pytest

from .conftest import Connection, make_table

FUNCTION = """CREATE OR REPLACE FUNCTION double(x int) RETURNS int LANGUAGE plpython3u AS
    'import json, sys; return json.loads(str(x)) * 2'"""


@pytest.fixture
def plpython(db: Connection) -> Connection:
    try:
        db.execute("CREATE EXTENSION IF NOT EXISTS plpython3u")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("PL/Python is not installed for this PostgreSQL (Debian: postgresql-plpython3-15)")
    db.execute("SET check_function_bodies = off")
    db.execute(FUNCTION)
    make_table(db, "t", "Memory", "id int", rows='[{"id": 1}, {"id": 2}]', name="plpython")
    make_table(db, "b", "Blocked", "v text")
    make_table(db, "w", "Broken", "v text", way="state")
    return db


@pytest.mark.parametrize("first", ["SELECT double(1)", "SELECT FROM t"])
def test_both_work_in_one_backend(plpython: Connection, connect: object, first: str) -> None:
    session = connect()
    session.execute(first)
    assert session.execute("SELECT double(id) FROM t WHERE id = double(1)").fetchall() == [(4,)]
    with pytest.raises(psycopg.Error, match="it broke"):
        session.execute("SELECT double(1), v FROM w")
    session.execute("SET statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        session.execute("SELECT double(1), v FROM b")
    session.execute("SET statement_timeout = 0")
    assert session.execute("SELECT sum(double(id)) FROM t").fetchall() == [(6,)]
