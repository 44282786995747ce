"""Everything that rages at the same time; what one of the threads raises ends the others and is raised again. And the
patience with which one waits for what is left when it is over.
"""

import threading
import time
from collections.abc import Callable, Sequence

Action = Callable[[threading.Event], None]
LONGEST_END_S = 180


def rage(actions: Sequence[Action], meanwhile: Sequence[Action], seconds: float, tell: Callable[[], None]) -> None:
    """Run `actions` until all have ended, at most so long, and `meanwhile` besides until then."""
    over, trouble = threading.Event(), list[BaseException]()

    def start(action: Action) -> threading.Thread:
        def run() -> None:
            try:
                action(over)
            except BaseException as exc:  # noqa: BLE001 - raised again by the caller's thread
                trouble.append(exc)
                over.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    threads, others = [start(one) for one in actions], [start(one) for one in meanwhile]
    deadline = time.monotonic() + seconds
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline and not trouble:
        next(thread for thread in threads if thread.is_alive()).join(10)
        tell()
    over.set()
    for thread in (*threads, *others):
        thread.join(LONGEST_END_S)
    if trouble:
        raise trouble[0]


def wait_none(count: Callable[[], int], patience_s: float, every: float = 1) -> int:
    """Wait until nothing is left, as long as it becomes less within `patience_s`; return what is left."""
    left = least = count()
    since = time.monotonic()
    while left and time.monotonic() - since < patience_s:
        time.sleep(every)
        left = count()
        if left < least:
            least, since = left, time.monotonic()
    return left
