"""The machine that figures come from."""

import os
import platform
import sqlite3
import subprocess
from pathlib import Path

Machine = dict[str, str | int]


def describe_machine() -> Machine:
    """Return processor, cores, memory and versions, and a name made of them."""
    cores, memory = os.cpu_count() or 1, _memory_gb()
    found: Machine = {
        "processor": _processor(),
        "cores": cores,
        "memory_gb": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    name = f"{found['processor']}, {cores} cores, {memory} GB; Python {found['python']}, SQLite {found['sqlite']}"
    return {"name": name, **found}


def load() -> float:
    """Return how many processes were running or waiting in the last minute, ours included."""
    return round(os.getloadavg()[0], 2)


def commit() -> str:
    """Return the commit that is measured, with a + when files have changed since; empty outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
