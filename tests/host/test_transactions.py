"""What wrappers are told about transactions and savepoints."""

from collections.abc import Callable

import psycopg
import pytest

from .conftest import Connection, calls, make_table

EVENTS = ("begin", "pre_commit", "commit", "rollback", "sub_begin", "sub_commit", "sub_rollback")


def table(db: Connection, name: str = "t", server: str = "Memory", /, **options: str) -> None:
    make_table(db, name, server, "id int, name text", **options)


def events(db: Connection) -> list[str]:
    return [" ".join(map(str, call)) for call in calls(db, *EVENTS)]


@pytest.fixture
def open_transaction(connect: Callable[..., Connection]) -> Connection:
    """A session whose statements are in one transaction until commit() or rollback()."""
    db = connect(autocommit=False)
    table(db)
    db.commit()
    return db


def test_statement_of_its_own_is_a_transaction(db: Connection) -> None:
    table(db)
    db.execute("SELECT FROM t")
    assert events(db) == ["begin False", "pre_commit", "commit"]


def test_transaction_begins_once_and_commits(open_transaction: Connection) -> None:
    db = open_transaction
    db.execute("SELECT FROM t")
    db.execute("INSERT INTO t VALUES (1)")
    assert events(db) == ["begin False"]
    db.commit()
    assert events(db) == ["pre_commit", "commit"]
    db.execute("SELECT 1")
    db.commit()
    assert events(db) == [], "a transaction that does not touch the table is not told"


def test_rollback_and_error(open_transaction: Connection) -> None:
    db = open_transaction
    db.execute("SELECT FROM t")
    db.rollback()
    assert events(db) == ["begin False", "rollback"]
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.execute("SELECT 1 / id FROM (SELECT 0 AS id FROM (SELECT FROM t) x UNION SELECT 0) y")
    db.rollback()
    assert events(db) == ["begin False", "rollback"]


def test_serializable_is_told(open_transaction: Connection) -> None:
    open_transaction.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    open_transaction.execute("SELECT FROM t")
    assert events(open_transaction) == ["begin True"]


def test_savepoints(open_transaction: Connection) -> None:
    db = open_transaction
    db.execute("SAVEPOINT a")
    db.execute("SELECT FROM t")
    db.execute("SAVEPOINT b")
    db.execute("INSERT INTO t VALUES (1)")
    assert events(db) == ["begin False", "sub_begin 2", "sub_begin 3"]
    db.execute("ROLLBACK TO b")
    db.execute("SELECT FROM t")
    db.execute("RELEASE b")
    assert events(db) == ["sub_rollback 3", "sub_begin 3", "sub_commit 3"]
    db.execute("RELEASE a")
    db.commit()
    assert events(db) == ["sub_commit 2", "pre_commit", "commit"]


def test_exception_block_is_a_savepoint(db: Connection) -> None:
    table(db)
    db.execute("""DO $$BEGIN
        BEGIN INSERT INTO t VALUES (1); PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
        PERFORM FROM t; END$$""")
    assert events(db) == ["begin False", "sub_begin 2", "sub_rollback 2", "pre_commit", "commit"]


def test_procedure_that_commits(db: Connection) -> None:
    table(db)
    db.execute("DO $$BEGIN PERFORM FROM t; COMMIT; PERFORM FROM t; END$$")
    assert events(db) == ["begin False", "pre_commit", "commit"] * 2


def test_two_tables_in_a_transaction(open_transaction: Connection) -> None:
    db = open_transaction
    table(db, "t2", name="t2")
    db.execute("SELECT FROM t UNION ALL SELECT FROM t2")
    db.commit()
    assert sorted(events(db)) == sorted(["begin False", "pre_commit", "commit"] * 2)


def test_error_in_pre_commit_fails_the_commit(connect: Callable[..., Connection]) -> None:
    db = connect(autocommit=False)
    table(db, fail="pre_commit")
    db.execute("CREATE TABLE kept (x int)")
    db.commit()
    db.execute("INSERT INTO kept VALUES (1)")
    db.execute("SELECT FROM t")
    with pytest.raises(psycopg.errors.SerializationFailure, match="the remote refuses the commit"):
        db.commit()
    assert events(db)[-1] == "rollback"
    assert db.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_error_in_rollback_is_a_warning(connect: Callable[..., Connection]) -> None:
    db = connect(autocommit=False)
    table(db, fail="rollback")
    db.commit()
    notices: list[str] = []
    db.add_notice_handler(lambda notice: notices.append(f"{notice.severity}: {notice.message_primary}"))
    db.execute("SELECT FROM t")
    db.rollback()
    assert notices == ['WARNING: wrapper "toy_wrappers.Memory" failed: ValueError: rollback went wrong']
    assert db.execute("SELECT 1").fetchone() == (1,)


def test_prepared_transaction_is_refused(open_transaction: Connection) -> None:
    open_transaction.execute("SELECT FROM t")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        open_transaction.execute("PREPARE TRANSACTION 'x'")


def test_transaction_aware_wrapper_gets_its_changes_at_pre_commit(connect: Callable[..., Connection]) -> None:
    db = connect(autocommit=False)
    table(db, "q", "Queued")
    db.commit()
    db.execute("INSERT INTO q VALUES (1, 'a')")
    db.execute("SAVEPOINT a")
    db.execute("UPDATE q SET name = 'x' WHERE id = 1")
    db.execute("ROLLBACK TO a")
    db.execute("DELETE FROM q WHERE id = 2")
    db.commit()
    assert calls(db, "pre_commit") == [["pre_commit", [["insert", {"id": 1, "name": "a"}], ["delete", 2]]]]
    db.rollback()
    db.execute("INSERT INTO q VALUES (1, 'a')")
    db.rollback()
    db.execute("SELECT FROM q")
    db.commit()
    assert calls(db, "pre_commit") == [["pre_commit", []]]
