"""`_soql`: any SOQL statement, one row a record. Records keep their attributes, parents and child results."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.types import json_text

if TYPE_CHECKING:
    from sffdw.client import Client

COUNT_ONLY = re.compile(r"\s*SELECT\s+COUNT\s*\(\s*\)", re.IGNORECASE)


class SoqlTable(SystemTable):
    name = "_soql"
    purpose = "live"
    expected_rows = 1000
    columns = (argument("query"), argument("scope", is_required=False), SystemColumn("record", "jsonb"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        scope = arguments.get("scope", "active")
        if scope not in ("active", "all"):
            raise self.wrong(arguments, "scope", "Valid values are: active, all.")
        statement = arguments["query"].strip()
        client = self.charged(arguments, object_of(statement))
        for page in client.pages(statement, has_deleted=scope == "all"):
            if COUNT_ONLY.match(statement):
                yield {"scope": scope, "record": json_text({"totalSize": page.total})}
            for record in page.records:
                _complete(client, record)
                yield {"scope": scope, "record": json_text(record)}


def object_of(statement: str) -> str | None:
    """The object that a statement reads from, for the count of calls; None where that cannot be told."""
    # Texts and whatever stands in parentheses may hold a FROM of their own.
    plain, count = re.sub(r"'(?:[^'\\]|\\.)*'", "''", statement), 1
    while count:
        plain, count = re.subn(r"\([^()]*\)", " ", plain)
    found = re.search(r"\bFROM\s+([A-Za-z]\w*)", plain, re.IGNORECASE)
    return found[1] if found else None


def _complete(client: "Client", record: dict[str, Any]) -> None:
    """Fetch what is left of child results that did not fit."""
    for value in record.values():
        if not (isinstance(value, dict) and isinstance(value.get("records"), list)):
            continue
        url = None if value.get("done", True) else value.get("nextRecordsUrl")
        while url:
            page = client.more(url)
            value["records"] += page.records
            url = page.next_url
        value.pop("nextRecordsUrl", None)
        value["done"] = True
        for child in value["records"]:
            _complete(client, child)


TABLE = SoqlTable
