"""What the files of a record set say is what the local tables hold after a load: counts, values, references.

The expectation is computed here from the files alone, without the loader: `Files` reads trees, plans and CSVs, and
`canonical` says which spellings mean the same value.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

SETS = {
    "dreamhouse": "dreamhouse-lwc/data",
    "ebikes": "ebikes-lwc/data",
    "easy-spaces": "easy-spaces-lwc/data",
    "dbt": "dbt_salesforce",
}
Record = dict[str, Any]


@dataclass
class Files:
    """Records by object as the files state them; `key` of a tree's record is its reference id."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    references: dict[str, Record] = field(default_factory=dict)

    def read(self, folder: Path) -> "Files":
        plans = sorted(path for path in folder.rglob("*.json") if isinstance(json.loads(path.read_text()), list))
        trees = {path.parent / name for path in plans for step in json.loads(path.read_text())
                 for name in step["files"]}
        for tree in sorted(trees):
            for record in json.loads(tree.read_text())["records"]:
                self._add(record.pop("attributes"), record)
        for path in sorted(folder.rglob("*.csv")):
            name = object_of(path)
            if "history" not in path.stem and name not in self.records and f"{name}__c" not in self.records:
                with open(path, encoding="utf-8-sig", newline="") as lines:
                    self.records[name] = [row for row in csv.DictReader(lines)
                                          if row.get("is_deleted", "").lower() != "true"]
        return self

    def _add(self, attributes: Record, record: Record) -> None:
        self.records.setdefault(attributes["type"], []).append(record)
        self.references["@" + attributes["referenceId"]] = record


def object_of(path: Path) -> str:
    """`sf_opportunity_line_item_data.csv` is about OpportunityLineItem, `Space_Data.csv` about Space(__c)."""
    words = [word for word in path.stem.split("_") if word.lower() not in ("sf", "data")]
    return "".join(word.capitalize() for word in words)


def fold(name: str) -> str:
    return name.replace("_", "").lower()


def canonical(kind: str, value: Any) -> Any:
    """One form for all spellings of a value of a Salesforce field type."""
    text = ("true" if value else "false") if isinstance(value, bool) else str("" if value is None else value)
    text = text.replace("\r\n", "\n").strip()
    if kind == "boolean":
        return text.lower() in ("true", "1", "t")
    if not text:
        return None
    if kind in ("int", "double", "currency", "percent"):
        return Decimal(text).normalize()
    if kind in ("date", "datetime"):
        moment = datetime.fromisoformat(text.replace("+0000", "+00:00").replace("Z", "+00:00"))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.date() if kind == "date" else moment.replace(microsecond=0)
    return text


@pytest.fixture(params=SETS)
def files(request: pytest.FixtureRequest, fixtures_dir: Path) -> tuple[Path, Files]:
    folder = fixtures_dir / "records" / SETS[request.param]
    return folder, Files().read(folder)


def test_every_value_of_the_files_is_in_the_local_tables(
        connection: psycopg.Connection[Any], sandbox: Sandbox, files: tuple[Path, Files]) -> None:
    folder, expected = files
    built_in = Counter(sandbox.call("GET", "/")["objects"])
    sandbox.call("POST", "/reset", {"load": [str(folder)]})
    loaded = {name: count - built_in[name] for name, count in sandbox.call("GET", "/")["objects"].items()
              if count > built_in[name]}
    assert loaded == {name: len(records) for name, records in expected.records.items() if records}
    for name in loaded:
        connection.execute("SELECT sffdw.create_mapping(%s, '{*}', types => 'precise')", (name,))
    connection.execute("CALL sffdw.poll()")
    differences = [problem for name in loaded if not built_in[name]
                   for problem in different_columns(connection, name, expected.records[name])]
    assert differences == []
    assert unresolved_references(connection, expected) == []


def different_columns(connection: psycopg.Connection[Any], name: str, records: list[Record]) -> Iterator[str]:
    """The columns whose values, taken together, are not those of the files; references are looked at elsewhere."""
    kinds = dict(connection.execute("SELECT column_name, type FROM salesforce_live._fields WHERE object_name = %s",
                                    (name,)).fetchall())
    columns = {fold(column): column for column in kinds}
    rows = connection.execute(f'SELECT * FROM salesforce."{name.lower()}"')  # type: ignore[call-overload]
    names = [column.name for column in rows.description]
    local = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    if len(local) != len(records):
        yield f"{name}: {len(local)} rows for {len(records)} records"
    for title in {title for record in records for title in record if not title.startswith("_fivetran")}:
        column = columns.get(fold(title)) or columns.get(fold(title) + "c")
        if column is None or column not in names:
            if any(record.get(title) for record in records):
                yield f"{name}.{title}: no column"
            continue
        kind = kinds[column]
        if kind not in ("reference", "id"):
            want = Counter(canonical(kind, record.get(title)) for record in records)
            found = Counter(canonical(kind, row[column]) for row in local)
            if want != found:
                yield f"{name}.{title}: {dict(want - found)} became {dict(found - want)}"


def unresolved_references(connection: psycopg.Connection[Any], expected: Files) -> list[str]:
    """The @references of trees whose local row does not join the row of the record that they name."""
    problems = []
    targets = {reference: name for name, records in expected.records.items() for record in records
               for reference, known in expected.references.items() if known is record}
    for name, records in expected.records.items():
        for record in records:
            for title, value in record.items():
                if isinstance(value, str) and value in targets and not joins(
                        connection, (name, record), title, (targets[value], expected.references[value])):
                    problems.append(f"{name}.{title} {value}")
    return problems


def joins(connection: psycopg.Connection[Any], child: tuple[str, Record], title: str,
          parent: tuple[str, Record]) -> bool:
    """Whether a local row with the child's values refers to a local row with the parent's values."""
    conditions, values = [], []
    for alias, (_, record) in (("child", child), ("parent", parent)):
        for key, value in record.items():
            if isinstance(value, str) and not value.startswith("@") and len(value) < 80:
                conditions.append(f'{alias}."{key.lower()}"::text = %s')
                values.append(value.strip())
    query = (f'SELECT count(*) FROM salesforce."{child[0].lower()}" AS child JOIN salesforce."{parent[0].lower()}" '
             f'AS parent ON parent.sfid = child."{title.lower()}" WHERE {" AND ".join(conditions)}')
    return connection.execute(query, values).fetchone()[0] >= 1  # type: ignore[call-overload,index,no-any-return]
