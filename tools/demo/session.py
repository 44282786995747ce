"""Runs statements through the real psql and prints them with what psql printed, as a terminal would show them."""

import subprocess
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox import wait_until

LONGEST_LISTING = 24


@dataclass(frozen=True)
class Session:
    """psql as one role in one database."""

    psql: Path
    dsn: str
    prompt: str

    def show(self, statement: str) -> str:
        """Run a statement, print it behind the prompt and its output below; return the output. Errors end the demo."""
        statement = textwrap.dedent(statement).strip()
        first, *rest = statement.splitlines()
        print(f"{self.prompt} {first}")
        for line in rest:
            print(f"{' ' * (len(self.prompt) - 1)}  {line}")
        output = self._run(statement)
        lines = output.rstrip().splitlines()
        if len(lines) > LONGEST_LISTING:
            lines = [*lines[:LONGEST_LISTING], f"… {len(lines) - LONGEST_LISTING} more lines"]
        print("\n".join(lines) + "\n", flush=True)
        return output

    def quiet(self, statement: str) -> str:
        """Run a statement without printing it; return its unaligned output without header."""
        return self._run(statement, "-qAt").strip()

    def wait_for(self, condition: str, seconds: float, what: str) -> None:
        """Wait until the query `condition` gives true."""
        wait_until(lambda: self.quiet(condition) == "t", seconds, what, every=0.2)

    def _run(self, statement: str, *options: str) -> str:
        # On standard input and not by -c: several statements must not become one transaction.
        done = subprocess.run([self.psql, "-X", "-v", "ON_ERROR_STOP=1", "--pset=pager=off", *options, self.dsn],
                              input=statement, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{statement}\n{done.stderr.strip()}")
        return done.stdout + done.stderr


@dataclass
class Claims:
    """Counts the claims and prints one line for each that held."""

    count: int = 0

    def check(self, claim: str, holds: Callable[[], bool]) -> None:
        """Print `ok N claim`, or raise Broken with the claim and the reason."""
        try:
            held = holds()
        except (RuntimeError, TimeoutError, OSError) as exc:
            raise Broken(claim, str(exc)) from exc
        if not held:
            raise Broken(claim, "the check gave false")
        self.count += 1
        print(f"ok {self.count} {claim}\n", flush=True)


class Broken(Exception):
    """A claim that did not hold."""

    def __init__(self, claim: str, reason: str) -> None:
        super().__init__(f"{claim}: {reason}")
        self.claim = claim
        self.reason = reason
