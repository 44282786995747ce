"""What benches share within a run: made when the first one asks, cleared away at the end."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Stage:
    """Holds shared things by name, and a folder for files."""

    def __init__(self, rows: int, minutes: float = 5) -> None:
        self.rows = rows  # of the large object
        self.minutes = minutes  # of benches that go by time
        self.folder = Path(tempfile.mkdtemp(prefix="sffdw-bench-"))
        self._stack = ExitStack()
        self._shared: dict[str, Any] = {}

    def __enter__(self) -> "Stage":
        self._stack.callback(shutil.rmtree, self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def shared(self, name: str, make: Callable[["Stage"], AbstractContextManager[T]]) -> T:
        """Return what goes by this name; `make` opens it the first time."""
        if name not in self._shared:
            self._shared[name] = self._stack.enter_context(make(self))
        found: T = self._shared[name]
        return found
