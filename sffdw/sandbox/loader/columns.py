"""What the columns of all files mean: fields that exist, fields that come with a feature, fields to make.

The outcome is a scratch schema that has everything, and the definitions that bring another schema there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox.loader import names
from sffdw.sandbox.loader.identity import Identities
from sffdw.sandbox.loader.inference import infer_type
from sffdw.sandbox.loader.plan import counted, joined
from sffdw.sandbox.loader.records import ParentLink, ParentLookup, RawRecord, TreeReference
from sffdw.sandbox.objects import optional_object
from sffdw.sandbox.schema import Field, Schema
from sffdw.sandbox.schema.rules import label_of


@dataclass(slots=True)
class Columns:
    """The fields that the records fill, by object and column name."""

    schema: Schema
    identities: Identities
    notes: list[str]
    definitions: list[Mapping[str, Any]] = field(default_factory=list)
    fields: dict[tuple[str, str], Field] = field(default_factory=dict)

    def define_objects(self, grouped: Mapping[str, list[RawRecord]]) -> None:
        """Make the objects and fields that are missing; objects first, so that lookups find them."""
        for object_name, records in grouped.items():
            if object_name not in self.schema:
                self._define(self._new_object(object_name, records))
        for object_name, records in grouped.items():
            self._define_fields(object_name, records)

    def _define(self, definition: Mapping[str, Any]) -> None:
        self.schema.define(definition)
        self.definitions.append(definition)

    def _new_object(self, object_name: str, records: list[RawRecord]) -> dict[str, Any]:
        optional = optional_object(object_name)
        if optional is not None:
            return {"name": optional.name, "fields": [field.definition() for field in optional.fields]} | {
                "label": optional.label,
                "labelPlural": optional.label_plural,
                "keyPrefix": optional.key_prefix,
            }
        label = label_of(object_name)
        definition: dict[str, Any] = {"name": object_name, "label": label, "labelPlural": f"{label}s", "fields": []}
        prefix = self.identities.shared_prefix(object_name, records)
        if prefix is not None and self.schema.by_prefix(prefix) is None:
            definition["keyPrefix"] = prefix
        if not any(value for record in records for name, value in record.values.items() if names.fold(name) == "name"):
            letter = object_name[0].upper()
            definition["fields"].append(_auto_number_name(f"{letter}-{{00000}}"))
        self.notes.append(f"{object_name}: new object")
        return definition

    def _define_fields(self, object_name: str, records: list[RawRecord]) -> None:
        """Give every column of an object its field, in the order in which the columns first appear."""
        finder = names.FieldFinder(self.schema[object_name])
        meant: dict[str, str] = {}
        made: dict[str, dict[str, Any]] = {}
        optional: list[str] = []
        skipped: list[str] = []
        for column in dict.fromkeys(name for record in records for name in record.values):
            if names.is_metadata(column):
                skipped.append(column)
                continue
            known = finder.find(column)
            if known is None:
                new = self._new_field(object_name, column, records)
                made |= {item["name"].lower(): item for item in new if item["name"].lower() not in made}
                meant[column] = new[-1]["name"]
                continue
            meant[column] = known.name
            if self.schema[object_name].stored_field(known.name) is None:
                made[known.name.lower()] = known.definition()
                optional.append(known.name)
        if made:
            self._define({"name": object_name, "fields": list(made.values())})
        self._note(object_name, [item["name"] for item in made.values()], optional, skipped)
        self._assign(object_name, meant)

    def _note(self, object_name: str, made: list[str], optional: list[str], skipped: list[str]) -> None:
        custom = [name for name in made if name not in optional]
        if custom:
            self.notes.append(f"{object_name}: {counted(len(custom), 'new field')}: {', '.join(custom)}")
        if optional:
            self.notes.append(f"{object_name}: {counted(len(optional), 'optional field')}: {', '.join(optional)}")
        if skipped:
            self.notes.append(f"{object_name}: skipped the pipeline's own {joined(skipped)}")

    def _assign(self, object_name: str, meant: Mapping[str, str]) -> None:
        """Note the field of each column; spellings of one name share it, another column that means it is skipped."""
        taken: dict[str, str] = {}
        for column, name in meant.items():
            found = self.schema[object_name].stored_field(name)
            rival = taken.setdefault(name.lower(), column)
            if rival.lower() != column.lower():
                self.notes.append(f"{object_name}: skipped column {column}, {rival} is {name} already")
            elif found is not None:
                self.fields[object_name, column] = found

    def _new_field(self, object_name: str, column: str, records: list[RawRecord]) -> list[dict[str, Any]]:
        """Describe the field a column needs; a geolocation's component brings its compound field along."""
        cells = [record.values.get(column) for record in records]
        values = [value for value in cells if value is not None]
        if any(isinstance(value, ParentLookup) for value in values):
            return [self._lookup_by_parent(column, values)]
        name = names.custom_field_name(column)
        targets = self._targets(column, values)
        if targets:
            return [{"name": name, "type": "reference", "referenceTo": targets}]
        is_typed = all(record.is_typed for record in records)
        inferred = infer_type(name, values, is_complete=len(values) == len(cells), is_typed=is_typed)
        compound = inferred.get("compoundFieldName")
        around = [] if compound is None else [{"name": compound, "type": "location", "displayLocationInDecimal": True}]
        return [*around, {"name": name} | inferred]

    def _targets(self, column: str, values: Iterable[Any]) -> list[str]:
        values = list(values)
        named = {self.identities.object_of(value) for value in values if isinstance(value, TreeReference)}
        named |= {value.parent.object_name for value in values if isinstance(value, ParentLink)}
        if named:
            return sorted(target for target in named if target is not None)
        return self.identities.targets_of_column(column, values, self.schema)

    def _lookup_by_parent(self, column: str, values: list[Any]) -> dict[str, Any]:
        parent = next(value for value in values if isinstance(value, ParentLookup))
        target = names.object_of_record(parent.object_name, self.schema)
        name = names.custom_field_name(column[:-1] + "c") if column.endswith("__r") else f"{column}Id"
        if not column.endswith("__r") and target != "RecordType":
            name = names.custom_field_name(column)
        return {"name": name, "type": "reference", "referenceTo": [target], "relationshipName": column}


def _auto_number_name(display_format: str) -> dict[str, Any]:
    return {
        "name": "Name",
        "type": "string",
        "length": 80,
        "nameField": True,
        "idLookup": True,
        "autoNumber": True,
        "displayFormat": display_format,
    }
