"""What the database host gives the wrapper, as values: so that nothing but fdw.py and ereport.py knows the host."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Host:
    """run(work, stop): do blocking work; stop() makes it return early. pause(seconds): wait. warn(message, hint).

    database: tells the databases of a cluster apart, 0 where the host does not say. has_threads: run works in a thread
    that takes no signals, and so may begin others.

    split(text, width): lines of quoted values as columns, faster than Python can; None for text that it does not take.

    run and pause end early, by an exception of the host, when the statement is cancelled.
    """

    run: Callable[[Callable[[], Any], Callable[[], None]], Any]
    pause: Callable[[float], None]
    warn: Callable[[str, str | None], None]
    database: Callable[[], int] = lambda: 0
    has_threads: bool = False
    split: Callable[[str, int], list[list[str | None]] | None] = lambda text, width: None
