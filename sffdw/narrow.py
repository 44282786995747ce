"""Reading objects of which Salesforce refuses to query all fields at once, such as those with hundreds of formulas.

The fields are then read in several statements, whose records are joined by Id page by page. How many fields a statement
may have is found by halving, and all backends remember it for a day. A record that somebody changes between two of its
statements comes half new, under its old SystemModstamp: the poll that finds the new one brings it whole. One that is
purged meanwhile does not come.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sffdw import soql
from sffdw.calls import Purpose
from sffdw.client import Client, Page
from sffdw.connection import Connection
from sffdw.errors import TOO_COMPLICATED, SoqlRejected

Record = dict[str, Any]
KEPT_S = 24 * 3600.0
# A statement with so many Ids stays below the length of a URI, with fields whose names are not too long.
IDS_AT_ONCE = 400


def pages(connection: Connection, purpose: Purpose, select: soql.Select, *, has_deleted: bool) -> Iterator[Page]:
    """The pages of a statement, read by as many statements as it takes."""
    client, is_begun = connection.client.charged(purpose), False
    while True:
        width = _width(connection, select)
        try:
            for page in _pages(client, select, width, has_deleted=has_deleted):
                is_begun = True
                yield page
            return
        except SoqlRejected as error:
            if is_begun or width == 1 or error.code != TOO_COMPLICATED:
                raise
            _remember(connection, select.object, (width + 1) // 2)


def _pages(client: Client, select: soql.Select, width: int, *, has_deleted: bool) -> Iterator[Page]:
    first, *others = _groups(select.fields, width)
    for page in client.pages(replace(select, fields=first).text(), has_deleted=has_deleted):
        if others:
            joined = _joined(client, select.object, page.records, others, has_deleted=has_deleted)
            page = replace(page, records=joined)
        yield page


def _groups(fields: Sequence[str], width: int) -> list[tuple[str, ...]]:
    """The fields by turns, as those that are alike often stand together."""
    count = -(-len(fields) // width) or 1
    return [tuple(fields[place::count]) for place in range(count)]


def _joined(client: Client, sobject: str, records: Sequence[Record], groups: Sequence[tuple[str, ...]], *,
            has_deleted: bool) -> list[Record]:
    by_id = {id_of(record): record for record in records}
    for fields in groups:
        found: dict[str, Record] = {}
        for start in range(0, len(by_id), IDS_AT_ONCE):
            some = ", ".join(map(soql.quoted, list(by_id)[start:start + IDS_AT_ONCE]))
            select = soql.Select(fields, sobject, (f"Id IN ({some})",))
            for page in client.pages(select.text(), has_deleted=has_deleted):
                found |= {id_of(record): record for record in page.records}
        by_id = {record_id: _merged(record, found[record_id]) for record_id, record in by_id.items()
                 if record_id in found}
    return list(by_id.values())


def _merged(record: Record, other: Record) -> Record:
    """One record with the fields of both, also those of a parent."""
    parents = {name: _merged(record[name], value) for name, value in other.items()
               if isinstance(value, dict) and isinstance(record.get(name), dict)}
    return record | other | parents


def id_of(record: Record) -> str:
    return str(record["attributes"]["url"]).rpartition("/")[2]


# --- what is remembered ---

def _width(connection: Connection, select: soql.Select) -> int:
    """How many fields a statement may have."""
    if select.object not in connection.widths:
        connection.widths[select.object] = _kept(connection, select.object)
    return min(connection.widths[select.object] or len(select.fields), len(select.fields))


def _kept(connection: Connection, sobject: str) -> int | None:
    try:
        kept = json.loads(connection.spool.read(_file_name(connection, sobject)) or b"null")
        return int(kept["width"]) if kept and time.time() - kept["found_at"] < KEPT_S else None
    except (ValueError, KeyError, TypeError):
        # Torn by an outage: it is found again.
        return None


def _remember(connection: Connection, sobject: str, width: int) -> None:
    connection.widths[sobject] = width
    connection.spool.write(_file_name(connection, sobject),
                           json.dumps({"width": width, "found_at": time.time()}).encode())


def _file_name(connection: Connection, sobject: str) -> str:
    return f"width-{connection.settings.key()}-{sobject.lower()}.json"
