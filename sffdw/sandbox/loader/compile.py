"""From the records of the files to a plan: fields found or made, ids given, references turned, values normalised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.loader import names
from sffdw.sandbox.loader.columns import Columns
from sffdw.sandbox.loader.conversion import NotConvertible, convert
from sffdw.sandbox.loader.fitting import Fitting
from sffdw.sandbox.loader.identity import Identities, Mint, file_id
from sffdw.sandbox.loader.ordering import parents_first
from sffdw.sandbox.loader.plan import LoadPlan, counted
from sffdw.sandbox.loader.records import ParentLink, ParentLookup, RawRecord, TreeReference
from sffdw.sandbox.loader.sources import read_paths
from sffdw.sandbox.schema import Field, Schema


def counter(instance: str = "000") -> Mint:
    """Make ids of a counter per prefix: enough for a plan that no store has seen."""
    numbers: Counter[str] = Counter()

    def mint(prefix: str) -> str:
        numbers[prefix] += 1
        return ids.compose(prefix, instance, numbers[prefix])

    return mint


def load(paths: Iterable[str | Path], schema: Schema, *, mint: Mint | None = None) -> LoadPlan:
    """Plan the loading of files and folders into an org with this schema, which is left as it is.

    `mint` gives the next fresh id for a key prefix. Raises LoadError for a path that cannot be loaded.
    """
    scratch = Schema(list(schema))
    sources = read_paths([Path(path) for path in paths], scratch)
    return _Compilation(scratch, sources.notes, mint or counter()).compile(sources.describes, sources.records)


@dataclass(slots=True)
class _Compilation:
    """One plan in the making."""

    schema: Schema
    notes: list[str]
    mint: Mint
    definitions: list[Mapping[str, Any]] = field(default_factory=list)
    skipped: dict[str, Counter[str]] = field(default_factory=dict)
    refused: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def compile(self, describes: Sequence[Mapping[str, Any]], records: list[RawRecord]) -> LoadPlan:
        for describe in describes:
            self.schema.define(describe)
            self.definitions.append(describe)
            self.notes.append(f"{describe['name']}: described")
        for record in records:
            record.object_name = names.object_of_record(record.object_name, self.schema)
        self._place_children(records)
        self._read_paths(records)
        records = self._without_duplicates(self._with_parents_named(records))
        identities = Identities(self.notes)
        for record in records:
            identities.register(record)
        columns = Columns(self.schema, identities, self.notes)
        columns.define_objects(_grouped(records))
        self.definitions += columns.definitions
        identities.assign(records, self.schema, self.mint)
        stored = {id(record): self._values(record, columns, identities) for record in records}
        fitting = Fitting(self.schema)
        for record in records:
            fitting.see(record.object_name, stored[id(record)])
        return self._plan(records, stored, fitting, identities)

    def _plan(
        self, records: list[RawRecord], stored: Mapping[int, dict[str, Any]], fitting: Fitting, identities: Identities
    ) -> LoadPlan:
        changes = [
            {"op": "create", "object": record.object_name, "id": record.record_id, "values": stored[id(record)]}
            for record in records
        ]
        loaded = Counter(record.object_name for record in records)
        alterations = tuple(fitting.alterations())
        self.notes += [_said(*alteration) for alteration in alterations]
        self.notes += identities.report(loaded) + self._refusals() + self._closing(loaded)
        return LoadPlan(
            definitions=tuple(self.definitions),
            alterations=alterations,
            changes=tuple(parents_first(changes, self.schema)),
            notes=tuple(self.notes),
        )

    # Records of trees that stand inside or name their parents

    def _place_children(self, records: list[RawRecord]) -> None:
        """Give a record that stands inside its parent the reference to it."""
        for record in records:
            if record.parent is not None:
                record.values.setdefault(self._parent_column(record, record.parent), record.parent)

    def _parent_column(self, record: RawRecord, link: ParentLink) -> str:
        parent_name = link.parent.object_name
        known = self.schema.child(parent_name, link.relationship_name)
        if known is not None and known.child_object == record.object_name:
            return known.field
        child = self.schema.get(record.object_name)
        for reference in child.reference_fields if child else ():
            if parent_name in reference.reference_to and reference.createable:
                return reference.name
        return f"{parent_name.removesuffix('__c')}__c"

    def _read_paths(self, records: list[RawRecord]) -> None:
        """Read columns like `Owner.Email` of bulk files: the parent is the record with that value."""
        for record in records:
            sobject = self.schema.get(record.object_name)
            for column in [name for name in record.values if "." in name and sobject is not None]:
                relationship, _, key = column.partition(".")
                reference = sobject.relationship(relationship) if sobject else None
                if reference is not None:
                    value = record.values.pop(column)
                    lookup = ParentLookup(reference.reference_to[0], ((key, value),), None)
                    record.values[relationship] = None if value is None else lookup

    def _with_parents_named(self, records: list[RawRecord]) -> list[RawRecord]:
        """Add the record types that records name: nothing else can be made from a name alone."""
        made: dict[tuple[str, str], RawRecord] = {}
        for record in records:
            for value in record.values.values():
                if isinstance(value, ParentLookup) and value.object_name == "RecordType":
                    named = dict(value.values)
                    name = str(named.get("DeveloperName") or named.get("Name") or "")
                    if (record.object_name, name) not in made:
                        made[record.object_name, name] = _record_type(record, value, name)
        known = {file_id(record) for record in records if record.object_name == "RecordType"}
        return [record for record in made.values() if file_id(record) not in known - {None}] + records

    def _without_duplicates(self, records: list[RawRecord]) -> list[RawRecord]:
        """Of rows with the same id the last one counts."""
        last: dict[tuple[str, str], RawRecord] = {}
        for record in records:
            text = file_id(record)
            if text is not None:
                last[record.object_name, ids.normalise(text) or text] = record
        kept = []
        for record in records:
            text = file_id(record)
            winner = record if text is None else last[record.object_name, ids.normalise(text) or text]
            if winner is record:
                kept.append(record)
            else:
                reason = "repeated row" if winner.values == record.values else "older row of the same id"
                self.skipped.setdefault(record.object_name, Counter())[reason] += 1
        return kept

    # Values

    def _values(self, record: RawRecord, columns: Columns, identities: Identities) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, raw in record.values.items():
            known = columns.fields.get((record.object_name, column))
            if known is None or known.type == "id":
                continue
            for target, value in self._unfold(record, known, raw):
                values[target.name] = self._value(record, target, value, identities)
        return values

    def _unfold(self, record: RawRecord, known: Field, raw: Any) -> list[tuple[Field, Any]]:
        """Take a compound value apart into its components."""
        if not known.is_compound:
            return [(known, raw)]
        if not isinstance(raw, Mapping):
            if raw is not None:
                self.refused.setdefault((record.object_name, known.name), []).append(str(raw))
            return []
        parts = {names.fold(key): value for key, value in raw.items()}
        sobject = self.schema[record.object_name]
        stem = names.fold(known.name.removesuffix("Address").removesuffix("__c"))
        found = []
        for component in sobject.components(known.name):
            part = names.fold(component.name).removeprefix(stem)
            part = part.removesuffix("s") if component.name.endswith("__s") else part
            if parts.get(part) is not None:
                found.append((component, parts[part]))
        return found

    def _value(self, record: RawRecord, known: Field, raw: Any, identities: Identities) -> Any:
        if isinstance(raw, ParentLink):
            return raw.parent.record_id
        if isinstance(raw, TreeReference | ParentLookup):
            return self._referred(record, known, raw, identities)
        if raw is None or not (known.is_reference or known.type == "reference"):
            return self._converted(record, known, raw)
        text = str(raw).strip()
        if not text:
            return None
        resolved = identities.resolve(record.object_name, known, text, self.schema, self.mint)
        if resolved is None and ids.normalise(text) != ids.NULL_ID:
            self._refuse(record, known, raw)
        return resolved

    def _converted(self, record: RawRecord, known: Field, raw: Any) -> Any:
        if isinstance(raw, Mapping | list):
            self._refuse(record, known, raw)
            return None
        try:
            return convert(known, raw)
        except NotConvertible:
            self._refuse(record, known, raw)
            return None

    def _referred(
        self, record: RawRecord, known: Field, raw: TreeReference | ParentLookup, identities: Identities
    ) -> str | None:
        if isinstance(raw, TreeReference):
            target = identities.by_reference.get(raw)
            if target is not None:
                return target.record_id
            self._refuse(record, known, f"@{raw.name}")
            return None
        found = identities.find_parent(raw, record.object_name)
        if found is None:
            self._refuse(record, known, dict(raw.values))
        return found

    def _refuse(self, record: RawRecord, known: Field, raw: Any) -> None:
        self.refused.setdefault((record.object_name, known.name), []).append(str(raw))

    # What to say

    def _refusals(self) -> list[str]:
        said = []
        for (name, field_name), values in sorted(self.refused.items()):
            known = self.schema[name].stored_field(field_name)
            kind = known.type if known else "value"
            said.append(f"{name}.{field_name}: {counted(len(values), 'value')} left out, no {kind}: {values[0][:60]}")
        return said

    def _closing(self, loaded: Counter[str]) -> list[str]:
        said = []
        for name in sorted(loaded.keys() | self.skipped.keys()):
            reasons = self.skipped.get(name, Counter())
            why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
            said.append(f"{name}: loaded {loaded[name]}, skipped {reasons.total()}{f' ({why})' if why else ''}")
        return said


def _said(object_name: str, operations: Mapping[str, Any]) -> str:
    widened = ", ".join(item["name"] for item in operations["alter_fields"])
    return f"{object_name}: widened to its values: {widened}"


def _grouped(records: Iterable[RawRecord]) -> dict[str, list[RawRecord]]:
    grouped: dict[str, list[RawRecord]] = {}
    for record in records:
        grouped.setdefault(record.object_name, []).append(record)
    return grouped


def _record_type(record: RawRecord, lookup: ParentLookup, name: str) -> RawRecord:
    own = dict(lookup.values)
    values = {"Name": own.get("Name") or name, "DeveloperName": own.get("DeveloperName") or names.custom_name(name)}
    values |= {"SobjectType": record.object_name, "IsActive": True}
    if lookup.record_id is not None:
        values["Id"] = lookup.record_id
    return RawRecord("RecordType", record.origin, values, is_typed=True)
