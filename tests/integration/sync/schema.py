"""Short words for tests of schema changes: what an administrator does, and what is noticed and told of it."""

import datetime as dt
from typing import Any

import psycopg

from tests.integration.sync.org import Org, one, rows

Session = psycopg.Connection[Any]


def alter(org: Org, name: str = "Account", **operations: Any) -> None:
    """Alter an object in the sandbox, such as by drop_fields=["Phone"]."""
    org.sandbox.call("PATCH", f"/objects/{name}", operations)


def later(session: Session, minutes: float = 0, **options: Any) -> None:
    """Poll at the time when the schema is next looked at, or some minutes after it."""
    due = one(session, "SELECT coalesce(max(next_at), now()) FROM sffdw.schema_check WHERE next_at > '-infinity'")
    session.execute("CALL sffdw.poll(at => %s, force => %s)",
                    [due + dt.timedelta(minutes=minutes), options.get("force", True)])


def events(session: Session, columns: str = "field, kind") -> list[tuple[Any, ...]]:
    return rows(session, f"SELECT {columns} FROM sffdw.schema_events ORDER BY event_id")


def told(session: Session) -> list[str]:
    """The notifications of schema changes."""
    return [message for message, in rows(session, "SELECT message FROM sffdw.notifications WHERE event_type = "
                                                  "'schema-change' ORDER BY notification_id")]


def columns_of(session: Session, table: str) -> dict[str, str]:
    """The columns of a table with their types."""
    return dict(rows(session, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                              "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", table))


def state(session: Session, name: str = "Account") -> str:
    return str(one(session, "SELECT state FROM sffdw.mappings WHERE object_name = %s", name))
