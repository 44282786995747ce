"""The backend's own functions, or what stands for them where no backend is.

Inside PostgreSQL the C host offers the module _multicorn. Elsewhere (unit tests, tools) a wrapper may still be
imported and used: messages go to logging, nobody is a superuser, and there is no latch to wait on.
"""

from __future__ import annotations

import logging
import select
from typing import Protocol


class Backend(Protocol):
    """What _multicorn offers."""

    def log(self, level: int, message: str, detail: str | None, hint: str | None) -> None: ...

    def check_interrupts(self) -> None: ...

    def is_superuser(self) -> bool: ...

    def has_role(self, name: str) -> bool: ...

    def database_oid(self) -> int: ...

    def split_rows(self, text: str, width: int) -> list[list[str | None]] | None: ...

    def wait(self, fd: int) -> bool:
        """Wait until fd is readable (True) or the statement is to end (False)."""
        ...


class NoBackend:
    """Python without PostgreSQL."""

    def log(self, level: int, message: str, detail: str | None, hint: str | None) -> None:
        extra = [part for part in (detail, hint) if part]
        logging.getLogger("multicorn").log(level, "%s", " ".join([message, *extra]))

    def check_interrupts(self) -> None:
        return None

    def is_superuser(self) -> bool:
        return False

    def has_role(self, name: str) -> bool:
        return False

    def database_oid(self) -> int:
        return 0

    def split_rows(self, text: str, width: int) -> list[list[str | None]] | None:
        return None

    def wait(self, fd: int) -> bool:
        select.select([fd], [], [])
        return True


def find_backend() -> Backend:
    try:
        import _multicorn
    except ImportError:
        return NoBackend()
    found: Backend = _multicorn
    return found


BACKEND = find_backend()
