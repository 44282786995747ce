"""What docs/reference.md lists is what there is: each setting with its default, view and kind of notification."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SQL = ROOT / "sql" / "deploy"
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
# What notify is given as its kind, a word with a hyphen.
NOTIFIED = re.compile(r"sffdw\.notify(?:_count)?\([^;]*?'([a-z]+(?:-[a-z]+)+)'")


def listed(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without marks around names."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def test_every_setting_is_listed_with_its_default() -> None:
    text = (SQL / "functions" / "sync_setting.sql").read_text(encoding="utf-8")
    defaults = json.loads(text.partition("SELECT '")[2].partition("'::jsonb")[0])
    assert {row[0]: int(row[1]) for row in listed("Settings of a connection")} == defaults


def test_every_view_is_listed() -> None:
    views = {f"sffdw.{file.stem}" for file in (SQL / "views").glob("*.sql")}
    assert {row[0] for row in listed("Views")} == views


def test_every_kind_of_notification_is_listed() -> None:
    told = {found for file in SQL.rglob("*.sql") for found in NOTIFIED.findall(file.read_text(encoding="utf-8"))}
    assert len(told) > 5
    assert {row[0] for row in listed("Notifications")} == told
