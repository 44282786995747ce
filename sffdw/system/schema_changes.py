"""`_schema_changes`: what became of several objects, asked for together, 25 an API call; unchanged ones give no row.

`known` is a JSON object of object names with the digest that the caller has of each. null instead of a digest has the
object's describe fetched whatever was remembered: "not modified" does not tell of permissions that changed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sffdw.describe import Described, describe_all
from sffdw.errors import OptionError
from sffdw.options import object_name
from sffdw.system.fields import field_row
from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.types import json_text, parse_json

OBJECT_KEYS = {"key_prefix": "keyPrefix", "queryable": "queryable", "createable": "createable",
               "updateable": "updateable", "deletable": "deletable", "replicateable": "replicateable"}


class SchemaChangesTable(SystemTable):
    name = "_schema_changes"
    expected_rows = 5
    columns = (argument("known"), SystemColumn("object_name", "text"), SystemColumn("is_found", "boolean"),
               SystemColumn("digest", "text"), SystemColumn("details", "jsonb"), SystemColumn("fields", "jsonb"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        digests = self._digests(arguments)
        fresh = {name for name, digest in digests.items() if digest is None}
        for name, described in describe_all(self.connection, digests, unconditionally=fresh).items():
            if described is None:
                yield {"object_name": name, "is_found": False}
                continue
            details, fields = contents(described)
            digest = hashlib.sha256(f"{details}{fields}".encode()).hexdigest()[:16]
            if digest != digests[name]:
                yield {"object_name": name, "is_found": True, "digest": digest, "details": details, "fields": fields}

    def _digests(self, arguments: Mapping[str, str]) -> dict[str, str | None]:
        """Raises ArgumentMissing."""
        try:
            given = parse_json(arguments["known"])
            return {object_name("known", name): digest if digest is None else str(digest)
                    for name, digest in given.items()}
        except (AttributeError, OptionError, ValueError):
            hint = 'It must be a JSON object of object names and digests such as {"Account": null}.'
            raise self.wrong(arguments, "known", hint) from None


def contents(described: Described) -> tuple[str, str]:
    """An object's own attributes and its fields by lower-case name, both as JSON."""
    details = {"object_name": described.name} | {name: described.raw.get(key) for name, key in OBJECT_KEYS.items()}
    fields: dict[str, Any] = {}
    for name, field in described.fields.items():
        values = [entry.get("value") for entry in field.raw.get("picklistValues") or [] if entry.get("active") is True]
        fields[name] = field_row(field) | {"picklist_values": values}
    return json_text(details), json_text(fields)


TABLE = SchemaChangesTable
