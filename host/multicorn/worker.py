"""Blocking calls in a worker thread, so that the backend can be cancelled meanwhile.

The backend waits on its latch with the GIL released; the worker writes an eventfd when it is done. A worker starts
with all signals blocked, because PostgreSQL's signal functions must run in the backend's own thread. It never
outlives the call, save when on_cancel() does not get it to return: then it is left behind, and the host ends the
backend without running the exit functions of libraries the thread may be inside of.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Thread, current_thread
from typing import Any, Generic, TypeVar

from multicorn.backend import BACKEND

Result = TypeVar("Result")

THREAD_NAME = "multicorn worker"

# How long a cancelled worker is given, and how often on_cancel() is repeated: the first call may come before the
# worker has opened the socket that is to be shut.
CANCEL_SECONDS = 2.0
CANCEL_PAUSE = 0.05


class Interrupted(BaseException):
    """The statement is to end: query cancel, a timeout, termination, or an error inside PostgreSQL.

    It unwinds the Python frames, then PostgreSQL's own error goes on. Not an Exception, so that `except Exception`
    lets it pass; code that swallows it only delays the end.
    """


class Worker(Generic[Result]):
    """One call in one thread."""

    def __init__(self, function: Callable[[], Result], on_cancel: Callable[[], object]) -> None:
        self._function: Callable[[], Result] | None = function
        self._on_cancel = on_cancel
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._is_given_up = False
        self._done_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = Thread(target=self._run, name=THREAD_NAME, daemon=True)

    def call(self) -> Result:
        """Run the function and give its result or raise its exception; Interrupted when the statement is to end."""
        self._start()
        try:
            finished = BACKEND.wait(self._done_fd)
        except BaseException:
            self.cancel()
            raise
        if not finished:
            self.cancel()
            raise Interrupted
        self._thread.join()
        self.close_if_done()
        log_deferred()
        return self._outcome()

    def cancel(self) -> None:
        """Make the function return and join its thread; leave it behind when it does not in CANCEL_SECONDS."""
        deadline = time.monotonic() + (0 if self._is_given_up else CANCEL_SECONDS)
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._ask_to_return()
            self._thread.join(CANCEL_PAUSE)
        DEFERRED.clear()
        if not self.close_if_done():
            self._is_given_up = True
            BACKEND.log(logging.DEBUG, "a worker thread did not return when it was cancelled", None, None)

    def _ask_to_return(self) -> None:
        try:
            self._on_cancel()
        except Exception as error:  # noqa: BLE001 - the statement ends with its own error, not with this one
            BACKEND.log(logging.DEBUG, f"on_cancel failed: {type(error).__name__}: {error}", None, None)

    def _start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            RUNNING.append(self)
            self._thread.start()
        except BaseException:
            RUNNING.remove(self)
            os.close(self._done_fd)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _run(self) -> None:
        try:
            assert self._function is not None
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 - raised again in the backend's thread
            self._error = error
        finally:
            # What the function holds on to (sockets, answers) goes with it, in this thread.
            self._function = None
            os.eventfd_write(self._done_fd, 1)

    def close_if_done(self) -> bool:
        """Forget the worker, unless its thread still runs."""
        if self._thread.is_alive():
            return False
        if self in RUNNING:
            RUNNING.remove(self)
            os.close(self._done_fd)
        return True

    def _outcome(self) -> Result:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error
        return self._result  # type: ignore[return-value]


# Messages of worker threads, which must not speak to the backend themselves.
DEFERRED: list[tuple[int, str, str | None, str | None]] = []


def log(level: int, message: str, detail: str | None, hint: str | None) -> None:
    """Log to the backend, from a worker thread as soon as its call has ended."""
    if current_thread().name == THREAD_NAME:
        DEFERRED.append((level, message, detail, hint))
    else:
        BACKEND.log(level, message, detail, hint)


def log_deferred() -> None:
    while DEFERRED:
        BACKEND.log(*DEFERRED.pop(0))


# Workers whose threads may still run: one while a call waits, more only where on_cancel() was in vain.
RUNNING: list[Worker[Any]] = []


def run_in_worker(function: Callable[[], Result], *, on_cancel: Callable[[], object]) -> Result:
    """Run function() in a worker thread while the backend stays open to cancel, timeouts and termination.

    on_cancel() must make function() return soon, for instance by shutting its sockets; it is called from the
    backend's thread, possibly more than once and possibly before function() has got anywhere.
    """
    forget_stray_workers()
    return Worker(function, on_cancel).call()


def forget_stray_workers() -> None:
    """Let go of workers that were left behind and have returned since."""
    for worker in list(RUNNING):
        worker.close_if_done()


def stop_workers() -> bool:
    """Cancel all workers, for the backend's exit; False when a thread is left."""
    for worker in list(RUNNING):
        worker.cancel()
    return not RUNNING
