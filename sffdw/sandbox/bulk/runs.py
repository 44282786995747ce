"""Work done apart from requests: threads that carry runs out at the pace of the org's clock.

A run waits on the clock wherever real time would pass at Salesforce, so that moving the clock moves jobs.
With `--speed instant` it never waits unless a fault slows it down.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

WORKERS = 8
_POLL_S = 0.02  # the clock may jump: whoever waits on it looks again this often
_PATIENCE_S = 1.0  # how long a reader lets work that is under way come to an end


class RunFailed(Exception):
    """The run as a whole fails; the message is shown as errorMessage or stateMessage."""


class RunAborted(Exception):
    """Somebody has aborted the run."""


class _Closed(Exception):
    """The org is being closed."""


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds of the org's clock; rates are rows per second, 0 for no time at all."""

    queue_s: float = 1.0
    query_rate: float = 50_000.0
    ingest_rate: float = 1_000.0
    retry_s: float = 5.0

    @classmethod
    def of(cls, org: Org) -> Pace:
        """Return the pace that --speed and the switches of the configuration file ask for."""
        if org.options.speed == "instant":
            return cls(0.0, 0.0, 0.0, 0.0)
        return cls(
            float(org.switch("bulk_queue_s", cls.queue_s)),
            float(org.switch("bulk_query_rate", cls.query_rate)),
            float(org.switch("bulk_ingest_rate", cls.ingest_rate)),
            float(org.switch("bulk_retry_s", cls.retry_s)),
        )


@dataclass
class Run:
    """One piece of work; times are of the org's clock."""

    submitted_at: float
    started_at: float | None = None
    ended_at: float | None = None
    wake_at: float | None = None  # set while it waits on the clock
    is_aborted: bool = False
    is_over: bool = False
    is_ending: bool = False  # over, but not yet told to those who look
    error: str | None = None
    processed: int = 0
    failed: int = 0
    retries: int = 0

    def check(self) -> None:
        """End the work when the run has been aborted."""
        if self.is_aborted:
            raise RunAborted

    @property
    def spent_ms(self) -> int:
        """Processing time so far as job infos show it."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return max(1, int((self.ended_at - self.started_at) * 1000))


Work = Callable[[Run], None]


class Runner:
    """The threads of one org."""

    def __init__(self, org: Org) -> None:
        self._clock = org.clock
        self._changed = threading.Condition()
        self._is_closing = False
        self._pool: ThreadPoolExecutor | None = None

    def start(self, run: Run, queue_s: float, work: Work, done: Work) -> None:
        """Carry a run out; it begins `queue_s` after it was submitted. `done` is called before anybody sees its end."""
        with self._changed:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="bulk")
        self._pool.submit(self._carry_out, run, queue_s, work, done)

    def _carry_out(self, run: Run, queue_s: float, work: Work, done: Work) -> None:
        if not self._work(run, queue_s, work):
            return
        run.ended_at = self._clock.timestamp()
        run.is_ending = True
        try:
            done(run)
        except Exception:  # noqa: BLE001 - a run must end; what went wrong is in the log
            traceback.print_exc(file=sys.stderr)
        with self._changed:
            run.is_over = True
            self._changed.notify_all()

    def _work(self, run: Run, queue_s: float, work: Work) -> bool:
        """Do the work of a run; tell whether it came to an end."""
        try:
            self.wait_until(run, run.submitted_at + queue_s)
            self._begin(run)
            work(run)
        except RunAborted:
            run.is_aborted = True
        except RunFailed as error:
            run.error = str(error)
        except _Closed:
            return False
        except Exception as error:  # noqa: BLE001 - a run must end; what went wrong is in the log
            traceback.print_exc(file=sys.stderr)
            run.error = f"InternalServerError : {type(error).__name__}"
        return True

    def _begin(self, run: Run) -> None:
        with self._changed:
            run.check()
            run.started_at = max(self._clock.timestamp(), run.submitted_at)
            self._changed.notify_all()

    def wait_until(self, run: Run, moment: float) -> None:
        """Let the org's time pass, from within the work of a run."""
        with self._changed:
            while True:
                if self._is_closing:
                    raise _Closed
                run.check()
                if self._clock.timestamp() >= moment:
                    run.wake_at = None
                    return
                run.wake_at = moment
                self._changed.notify_all()
                self._changed.wait(_POLL_S)

    def look(self, run: Run) -> Run:
        """Return a run when there is nothing it could do right now, or after a second."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_quiet(run), _PATIENCE_S)
        return run

    def _is_quiet(self, run: Run) -> bool:
        return run.is_over or (run.wake_at is not None and run.wake_at > self._clock.timestamp())

    def abort(self, run: Run) -> None:
        """Tell a run to end."""
        with self._changed:
            run.is_aborted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: run.is_over, _PATIENCE_S)

    def close(self) -> None:
        """End all threads; runs under way stay unfinished."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            pool = self._pool
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
