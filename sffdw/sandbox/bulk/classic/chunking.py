"""PK chunking: one query becomes many, each for a range of ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sffdw.sandbox import ids
from sffdw.sandbox.bulk.runs import RunFailed
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tables import table_name

DEFAULT_SIZE, MAX_SIZE = 100_000, 250_000
_QUOTED_OR_WHERE = re.compile(r"'(?:[^'\\]|\\.)*'|\bwhere\b", re.IGNORECASE)


@dataclass(frozen=True)
class Chunking:
    """What the header Sforce-Enable-PKChunking asks for."""

    size: int = DEFAULT_SIZE
    parent: str | None = None
    start_row: str | None = None

    @classmethod
    def from_header(cls, text: str | None) -> Chunking | None:
        """Read `true`, `false` or `chunkSize=…; parent=…; startRow=…`."""
        if text is None or text.strip().lower() in {"", "false"}:
            return None
        if text.strip().lower() == "true":
            return cls()
        stated = dict(part.strip().partition("=")[::2] for part in text.split(";") if part.strip())
        size = stated.get("chunkSize", str(DEFAULT_SIZE)).strip()
        if set(stated) - {"chunkSize", "parent", "startRow"} or not size.isdigit() or not 0 < int(size) <= MAX_SIZE:
            raise ApiError("InvalidJob", f"Invalid PK chunking options: {text}")
        return cls(
            int(size), stated.get("parent", "").strip() or None, ids.normalise(stated.get("startRow", "").strip())
        )


def chunk_statements(chunking: Chunking, statement: str, schema: Schema, store: Store) -> Iterator[str]:
    """Give the statement of each chunk; raises RunFailed for a statement that cannot be split."""
    query = parse(statement)
    if query.order or query.limit is not None:
        raise RunFailed("InvalidBatch : PK chunking does not support ORDER BY and LIMIT")
    if query.modes or query.scope:
        raise RunFailed("InvalidBatch : PK chunking supports a WHERE clause only")
    sobject = schema[query.sources[0].path.text]
    field = "Id"
    if chunking.parent is not None:
        field, sobject = _parent_field(schema, sobject, chunking.parent)
    bounds = _bounds(store, sobject, chunking)
    for low, high in zip(bounds, [*bounds[1:], None], strict=True):
        condition = f"{field} >= '{low}'" + ("" if high is None else f" AND {field} < '{high}'")
        yield _narrowed(statement, condition)


def _parent_field(schema: Schema, sobject: SObject, parent: str) -> tuple[str, SObject]:
    target = schema.get(parent)
    for found in sobject.reference_fields:
        if target is not None and target.name in found.reference_to:
            return found.name, target
    raise RunFailed(f"InvalidBatch : {sobject.name} has no parent {parent}")


def _bounds(store: Store, sobject: SObject, chunking: Chunking) -> list[str]:
    """Return the first id of each chunk, deleted records counted too."""
    sql = (
        f'SELECT "Id" FROM (SELECT "Id", row_number() OVER (ORDER BY "Id") AS place FROM {table_name(sobject)} '
        'WHERE "Id" >= ?) WHERE (place - 1) % ? = 0 ORDER BY "Id"'
    )
    return [row[0] for row in store.reader.execute(sql, (chunking.start_row or "", chunking.size))]


def _narrowed(statement: str, condition: str) -> str:
    """Add a condition to a statement that ends with its WHERE clause, if it has one."""
    for match in _QUOTED_OR_WHERE.finditer(statement):
        if match[0][0] != "'":
            return f"{statement[: match.end()]} ({statement[match.end() :].strip()}) AND {condition}"
    return f"{statement.rstrip()} WHERE {condition}"
