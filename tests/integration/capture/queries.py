"""What the tests ask a session for, in one word each."""

from typing import Any

import psycopg
import pytest

Session = psycopg.Connection[Any]


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    return session.execute(query).fetchall()


def refusal(session: Session, call: str) -> tuple[str, str, str]:
    """SQLSTATE, message and hint of the error that a call raises."""
    with pytest.raises(psycopg.Error) as caught:
        session.execute(call)
    return caught.value.sqlstate or "", caught.value.diag.message_primary or "", caught.value.diag.message_hint or ""


def columns_of(session: Session, table: str = "salesforce.account") -> dict[str, str]:
    """Names and types in their physical order."""
    return dict(session.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum", [table]).fetchall())


def indexes_of(session: Session, table: str = "account") -> dict[str, bool]:
    """Index names, and whether they are unique."""
    return dict(session.execute(
        "SELECT indexname, indexdef LIKE 'CREATE UNIQUE %%' FROM pg_indexes "
        "WHERE schemaname = 'salesforce' AND tablename = %s", [table]).fetchall())
