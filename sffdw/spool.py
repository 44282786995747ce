"""What backends share lies in files of one private directory: sessions, describes and counts of calls.

The directory is 0700 and ours, each file 0600 and replaced in one step; a lock is held while what it guards is renewed.
Nothing here waits without asking `pause`, which the backend can interrupt.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sffdw.errors import OptionValueError, RequestError

LOCK_PAUSE_S = 0.02
HINT = "Set the server option spool_directory to a directory that only the server's operating system user can enter."


class Spool:
    """Files by name in a private directory."""

    def __init__(self, directory: str, pause: Callable[[float], None]) -> None:
        self.directory = Path(directory).absolute()
        self._pause = pause
        self._is_checked = False

    def read(self, name: str) -> bytes | None:
        """Give the content of a file, None when there is none."""
        try:
            with open(self._open(name, os.O_RDONLY), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes, *, is_durable: bool = False) -> None:
        """Replace a file in one step. is_durable: it is on the disk afterwards."""
        temporary = f"{name}.{os.getpid()}"
        with open(self._open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(self.directory / temporary, self.directory / name)
        if is_durable:
            self.flush_names()

    def flush_names(self) -> None:
        """Have the disk know which files there are: a crash undoes neither their making nor their removal."""
        descriptor = os.open(self._checked(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, name: str) -> None:
        (self._checked() / name).unlink(missing_ok=True)

    def names(self, prefix: str, suffix: str) -> list[str]:
        """The names of the files that begin and end so."""
        return [path.name for path in self._checked().glob(f"{prefix}*{suffix}")]

    @contextmanager
    def opened(self, name: str, flags: int) -> Iterator[int]:
        """A file's descriptor, to change the file in place."""
        descriptor = self._open(name, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def locked(self, name: str, timeout_s: float, complaint: str) -> Iterator[None]:
        """Hold the lock of that name; it is free again when the process ends, however it ends.

        Raises RequestError with the complaint when another session holds it for too long.
        """
        descriptor = self._open(f"{name}.lock", os.O_RDWR | os.O_CREAT)
        try:
            self._lock(descriptor, time.monotonic() + timeout_s, complaint)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, deadline: float, complaint: str) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise RequestError(complaint, hint="Repeat the statement.", is_transient=True) from None
                self._pause(LOCK_PAUSE_S)
            else:
                return

    def _open(self, name: str, flags: int) -> int:
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self._checked() / name, flags, 0o600)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
        # Somebody has removed the directory.
        self._is_checked = False
        return os.open(self._checked() / name, flags, 0o600)

    def _checked(self) -> Path:
        if not self._is_checked:
            self._check()
            self._is_checked = True
        return self.directory

    def _check(self) -> None:
        """Make the directory unless it is there; refuse one that others could read or write."""
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            found = self.directory.lstat()
        except OSError as exc:
            raise OptionValueError(f'could not create directory "{self.directory}": {exc.strerror}',
                                   hint=HINT) from exc
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise OptionValueError(f'directory "{self.directory}" is not private to the server', hint=HINT)
