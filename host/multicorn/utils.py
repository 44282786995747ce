"""What wrappers call in the host; the module's name is the contract's.

Usable outside a backend too, see backend.py.
"""

from __future__ import annotations

import logging
from logging import CRITICAL, DEBUG, ERROR, INFO, WARNING

from multicorn.backend import BACKEND
from multicorn.worker import Interrupted, log, run_in_worker

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "INFO",
    "WARNING",
    "Interrupted",
    "MulticornException",
    "check_interrupts",
    "database_oid",
    "has_role",
    "is_superuser",
    "log_to_postgres",
    "run_in_worker",
    "split_rows",
]


class MulticornException(Exception):
    """An error for the client: the host shows message, detail and hint under the SQLSTATE."""

    def __init__(
        self, message: str, *, sqlstate: str = "HV000", detail: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint


def log_to_postgres(
    message: str, level: int = logging.INFO, hint: str | None = None, detail: str | None = None
) -> None:
    """Send a message to PostgreSQL's log and client; ERROR and CRITICAL raise, and so fail the statement.

    In a worker thread the message waits until the worker's call has ended.
    """
    if level >= ERROR:
        raise MulticornException(message, hint=hint, detail=detail)
    log(level, str(message), detail, hint)


def check_interrupts() -> None:
    """Raise Interrupted when the statement has been cancelled; for long loops in Python, not for worker threads."""
    BACKEND.check_interrupts()


def is_superuser() -> bool:
    """Say whether the current user is a superuser."""
    return BACKEND.is_superuser()


def has_role(name: str) -> bool:
    """Say whether the current user has the privileges of a role; False when there is no such role."""
    return BACKEND.has_role(name)


def split_rows(text: str, width: int) -> list[list[str | None]] | None:
    """Split lines of so many quoted values, quotes inside them doubled, into columns; empty values are None.

    The answer is None for text that is anything else, even in part, and outside a backend.
    """
    return BACKEND.split_rows(text, width)


def database_oid() -> int:
    """Return the OID of the session's database; 0 outside a backend."""
    return BACKEND.database_oid()
