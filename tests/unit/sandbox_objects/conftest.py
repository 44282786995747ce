"""A schema, a store and folders of files, each fresh for its test."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.loader import LoadPlan, load, load_paths
from sffdw.sandbox.schema import Schema
from sffdw.sandbox.store.store import Store

USER = "005AB0000000001YAA"
AT = "2026-01-31T12:00:00.000+0000"


@pytest.fixture
def schema() -> Schema:
    return Schema.standard(now=lambda: datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.fixture
def store(schema: Schema) -> Iterator[Store]:
    opened = Store(None, schema)
    yield opened
    opened.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file: text as it is, anything else as JSON."""

    def write_file(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8", newline="")
        return path

    return write_file


@pytest.fixture
def plan_of(schema: Schema) -> Callable[..., LoadPlan]:
    """Plan the loading of paths into an org of standard objects."""
    return lambda *paths: load(paths, schema)


@pytest.fixture
def load_into_store(store: Store) -> Callable[..., list[str]]:
    """Load paths into the store."""
    return lambda *paths: load_paths(store, store.schema, paths, user=USER, at=AT)


def tree(kind: str, *records: dict[str, Any]) -> dict[str, Any]:
    """Make an sObject tree; a record's `ref` is its reference id."""
    made = []
    for position, record in enumerate(records, start=1):
        values = {name: value for name, value in record.items() if name != "ref"}
        made.append({"attributes": {"type": kind, "referenceId": record.get("ref", f"{kind}{position}")}, **values})
    return {"records": made}


def values_of(plan: LoadPlan, object_name: str) -> list[dict[str, Any]]:
    """Return the values of a plan's records of one object, ids included."""
    return [{"Id": change["id"], **change["values"]} for change in plan.changes if change["object"] == object_name]
