"""Figures as a table for people and as JSON for programs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import Machine, commit, load
from benchmarks.sheet import Figure, Sheet

_HEAD = ("figure", "value", "unit", "ratio", "against", "bound")


def table(sheet: Sheet) -> str:
    """Return a sheet as text."""
    rows = [_HEAD, *(_row(sheet, figure) for figure in sheet.figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = [f"{sheet.bench}: {sheet.about}"]
    for row in rows:
        cells = [
            cell.rjust(width) if place in (1, 3) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _row(sheet: Sheet, figure: Figure) -> tuple[str, ...]:
    ratio = sheet.ratio(figure)
    shown = "" if ratio is None else f"{ratio:.2f}x"
    return figure.name, _number(figure.value), figure.unit, shown, figure.against or "", _bound(figure)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _bound(figure: Figure) -> str:
    words = []
    if figure.at_least is not None:
        words.append(f"at least {_number(figure.at_least)}")
    if figure.at_most is not None:
        words.append(f"at most {_number(figure.at_most)}")
    return " and ".join(words) + ("" if figure.holds else ": BROKEN")


def merge(path: Path, machine: Machine, sheet: Sheet) -> None:
    """Put a sheet into the file of results in place of what the same bench gave before."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    known[sheet.bench] = {
        "about": sheet.about,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine,
        "load": load(),
        "rows": sheet.rows,
        "figures": [_entry(sheet, figure) for figure in sheet.figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def _entry(sheet: Sheet, figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "against": figure.against,
        "ratio": sheet.ratio(figure),
        "at_least": figure.at_least,
        "at_most": figure.at_most,
        "holds": figure.holds,
    }
