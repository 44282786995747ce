"""Starting the sandbox with many accounts, against starting an empty org."""

from benchmarks.sandbox_org import accounts, start_org
from benchmarks.sheet import Sheet
from benchmarks.stage import Stage

MOST_S, MOST_OPEN_S, MOST_MB = 60.0, 5.0, 1024.0


def measure(sheet: Sheet, stage: Stage) -> None:
    """Start an empty org, one with accounts, and one that lies in a file."""
    empty = start_org()
    sheet.add("empty org", empty.started_s, "s")
    sheet.add("empty org: processor time", empty.busy_s(), "s")
    sheet.add("empty org: memory", empty.memory_mb(), "MB")
    empty.stop()
    name = f"{stage.rows:,} accounts"
    org = start_org("--rows", f"Account={stage.rows}")
    sheet.add(name, org.started_s, "s", against="empty org")
    sheet.add(f"{name}: processor time", org.busy_s(), "s", against="empty org: processor time", at_most=MOST_S)
    sheet.add(f"{name}: memory", org.memory_mb(), "MB", against="empty org: memory", at_most=MOST_MB)
    org.stop()
    kept = accounts(stage)
    sheet.add("the same into a file", kept.made_s, "s", against="empty org")
    sheet.add("the same into a file: processor time", kept.busy_s, "s", at_most=MOST_S)
    sheet.add("opening the file again", kept.org.started_s, "s", against="empty org")
    sheet.add("opening the file again: processor time", kept.opened_s, "s", at_most=MOST_OPEN_S)
    sheet.add("the file", kept.size_mb, "MB")
