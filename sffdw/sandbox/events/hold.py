"""A connect that waits: held without a thread until there are events, its time is over or its client is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sffdw.sandbox.call import Reply
    from sffdw.sandbox.events.events import Events

Attempt = Callable[[bool], "Reply | None"]
_LONGEST_WAIT_S = 3600.0


class Hold:
    """What a reply waits for. `attempt(is_last)` gives the reply as soon as there is one."""

    def __init__(self, events: Events, deadline: float, attempt: Attempt, leave: Callable[[], None]) -> None:
        self._events = events
        self._deadline = deadline
        self._attempt = attempt
        self._leave = leave
        self.note: Callable[[Reply], None] = lambda reply: None

    def look(self) -> Reply | None:
        """Return the reply if it is time for it."""
        with self._events.gate:
            if not self._events.is_closed:
                self._events.org.late.commit_due()
            reply = self._attempt(self._events.org.clock.timestamp() >= self._deadline)
            if reply is not None and not self._events.is_closed:
                self.note(reply)
            return reply

    async def outcome(self, pool: Executor, is_gone: Callable[[], bool]) -> Reply | None:
        """Wait for the reply; None when the caller has hung up meanwhile."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        stop = self._events.bus.watch(lambda: loop.call_soon_threadsafe(news.set))
        try:
            while not is_gone():
                news.clear()
                reply = await loop.run_in_executor(pool, self.look)
                if reply is not None:
                    return reply
                await _wait(news, self._patience_s())
            self._leave()
            return None
        finally:
            stop()

    def _patience_s(self) -> float:
        """Real seconds until the deadline or the next transaction that commits late."""
        org = self._events.org
        until = min(self._deadline, org.late.next_commit() or self._deadline)
        left = (until - org.clock.timestamp()) / max(org.clock.rate, 1e-9)
        return min(max(left, 0.001), _LONGEST_WAIT_S)


async def _wait(news: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(news.wait(), timeout_s)
    except TimeoutError:
        return
