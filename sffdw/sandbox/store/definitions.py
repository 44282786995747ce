"""Objects of the schema as JSON and back, for the file that keeps an org."""

import dataclasses
import json
from typing import Any

from sffdw.sandbox.schema import ChildRelationship, Field, PicklistValue, RecordTypeEntry, SObject, ValidationRule

_PARTS: dict[str, type[Any]] = {
    "record_types": RecordTypeEntry,
    "rules": ValidationRule,
    "stated_children": ChildRelationship,
}


def to_json(sobject: SObject) -> str:
    """Write everything that is known of an object, what describe cannot say included."""
    return json.dumps(dataclasses.asdict(sobject))


def from_json(text: str) -> SObject:
    """Rebuild an object that `to_json` wrote."""
    given = json.loads(text)
    for name, part in _PARTS.items():
        given[name] = tuple(part(**item) for item in given[name])
    given["fields"] = tuple(_field(item) for item in given["fields"])
    given["supported_scopes"] = tuple(tuple(pair) for pair in given["supported_scopes"])
    for name in ("required_filter", "action_overrides", "named_layout_infos"):
        given[name] = tuple(given[name])
    return SObject(**given)


def _picklist_value(given: dict[str, Any]) -> PicklistValue:
    named = given["named_for"]
    return PicklistValue(**{**given, "named_for": None if named is None else tuple(named)})


def _field(given: dict[str, Any]) -> Field:
    given["picklist_values"] = tuple(_picklist_value(item) for item in given["picklist_values"])
    given["reference_to"] = tuple(given["reference_to"])
    return Field(**given)
