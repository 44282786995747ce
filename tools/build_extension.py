"""Builds the extension's script from the Sqitch plan: one source of SQL, two ways to install it.

The script is the deploy scripts in plan order without their transactions, since CREATE EXTENSION is one itself, with
`\\ir` lines replaced by the files they name. Assumes deploy scripts that begin with BEGIN and end with COMMIT.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = '\\echo Use "CREATE EXTENSION sffdw" to load this file. \\quit\n'
INCLUDE = re.compile(r"^\\ir[ \t]+(\S+)[ \t]*$", re.MULTILINE)
BEGIN = re.compile(r"^BEGIN;[ \t]*\n", re.MULTILINE)
COMMIT = re.compile(r"^COMMIT;[ \t]*\n?", re.MULTILINE)
# A table's deploy script says in a line of this form what pg_dump is to keep of an extension's table.
DUMPED = re.compile(r"^-- extension dumps: (.+)$", re.MULTILINE)
PLAN_LINE = re.compile(r"^(?P<name>[^\s@%#\[]\S*)(?:\s+\[(?P<requires>[^\]]*)\])?\s+\d{4}-\d\d-\d\dT")
PLAN_TAG = re.compile(r"^@(?P<tag>\S+)\s")


class BuildError(SystemExit):
    """Ends the build with the file at fault and what is wrong with it."""


@dataclass(frozen=True)
class Change:
    """A line of the plan: `path` is its deploy script, that of a reworked change's early version bearing a tag."""

    name: str
    requires: frozenset[str]
    path: Path


def read_plan(folder: Path) -> list[Change]:
    """Return the plan's changes in order, early versions of reworked changes included."""
    lines = (folder / "sqitch.plan").read_text(encoding="utf-8").splitlines()
    found = [(number, match) for number, line in enumerate(lines) if (match := PLAN_LINE.match(line))]
    last = {match["name"]: number for number, match in found}
    changes = []
    for number, match in found:
        tag = "" if number == last[match["name"]] else "@" + next_tag(lines, number)
        requires = frozenset((match["requires"] or "").split())
        changes.append(Change(match["name"], requires, folder / "deploy" / f"{match['name']}{tag}.sql"))
    return changes


def next_tag(lines: Sequence[str], number: int) -> str:
    """Return the first tag after a change: the name under which Sqitch keeps the version before a rework."""
    for line in lines[number + 1:]:
        if match := PLAN_TAG.match(line):
            return match["tag"]
    raise BuildError(f"sqitch.plan:{number + 1}: a change planned twice needs a tag between the two")


def wanted(changes: Sequence[Change]) -> Iterator[Change]:
    """Leave out the early version of a reworked change unless a change before the rework requires it."""
    for position, change in enumerate(changes):
        rest = changes[position + 1:]
        rework = next((n for n, later in enumerate(rest) if later.name == change.name), None)
        if rework is None or any(change.name in between.requires for between in rest[:rework]):
            yield change


def body(path: Path) -> str:
    """Return a deploy script with its includes and without its transaction; a procedure's own COMMIT stays."""
    text = INCLUDE.sub(lambda line: (path.parent / line[1]).resolve().read_text(encoding="utf-8").rstrip("\n"),
                       path.read_text(encoding="utf-8"))
    begin, commits = BEGIN.search(text), list(COMMIT.finditer(text))
    if begin is None or not commits or text[commits[-1].end():].strip():
        raise BuildError(f"{path}: a deploy script begins with BEGIN; and ends with COMMIT;")
    kept = text[:begin.start()] + text[begin.end():commits[-1].start()]
    if meta := re.search(r"^\\.*$", kept, re.MULTILINE):
        raise BuildError(f"{path}: an extension script cannot run {meta[0]}")
    return kept.strip() + "\n"


def dump_calls(script: str) -> str:
    """Return the calls that make pg_dump keep the rows of the tables that scripts mark, and their sequences."""
    relations = [name.strip() for line in DUMPED.findall(script) for name in line.split(",")]
    return "".join(f"SELECT pg_catalog.pg_extension_config_dump('{name}', '');\n" for name in relations)


def build(root: Path) -> tuple[str, str]:
    """Return version and text of the extension's script."""
    control = (root / "sffdw.control").read_text(encoding="utf-8")
    version = re.search(r"^default_version = '([^']+)'", control, re.MULTILINE)
    if version is None:
        raise BuildError("sffdw.control: no default_version")
    script = "\n".join(body(change.path) for change in wanted(read_plan(root / "sql")))
    return version[1], f"{HEAD}\n{script}\n{dump_calls(script)}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "extension")
    output: Path = parser.parse_args(arguments).output
    version, script = build(ROOT)
    output.mkdir(parents=True, exist_ok=True)
    for stale in output.glob("sffdw*"):
        stale.unlink()
    (output / f"sffdw--{version}.sql").write_text(script, encoding="utf-8")
    (output / "sffdw.control").write_bytes((ROOT / "sffdw.control").read_bytes())


if __name__ == "__main__":
    main()
