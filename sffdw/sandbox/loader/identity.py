"""Who is who: ids of the files that stay, fresh ones for those that cannot be, and every reference following.

An id stays when it is a Salesforce id (15 or 18 characters, checksum right) with its object's prefix. References are
looked up among the records of the files first; an id that no file holds stays as it is when it is one, and a text that
is none becomes one fresh id per text, so that equal texts stay equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.loader import names
from sffdw.sandbox.loader.records import ParentLookup, RawRecord, TreeReference
from sffdw.sandbox.schema import Field, Schema

Mint = Callable[[str], str]
_SCHEMELESS_ID = re.compile(r"\d{1,14}")


@dataclass(slots=True)
class Identities:
    """All records of the files by what the files call them."""

    notes: list[str]
    all_records: list[RawRecord] = field(default_factory=list)
    by_reference: dict[TreeReference, RawRecord] = field(default_factory=dict)
    by_text: dict[tuple[str, str], RawRecord] = field(default_factory=dict)
    objects_by_text: dict[str, set[str]] = field(default_factory=dict)
    minted: dict[tuple[str, str], str] = field(default_factory=dict)
    indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], RawRecord]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    replaced: dict[str, int] = field(default_factory=dict)
    dangling: dict[tuple[str, str], int] = field(default_factory=dict)

    def register(self, record: RawRecord) -> None:
        """Note a record's names before any id is given."""
        self.all_records.append(record)
        if record.reference is not None:
            if record.reference in self.by_reference:
                self.notes.append(f"{record.origin}: reference {record.reference.name} is taken, the first one counts")
            self.by_reference.setdefault(record.reference, record)
        text = file_id(record)
        if text is not None:
            self.by_text[record.object_name, text] = record
            self.objects_by_text.setdefault(text, set()).add(record.object_name)

    def object_of(self, reference: TreeReference) -> str | None:
        """Name the object that an @reference points to; None when no record has it."""
        record = self.by_reference.get(reference)
        return record.object_name if record else None

    def shared_prefix(self, object_name: str, records: Iterable[RawRecord]) -> str | None:
        """Give the prefix that all ids of a new object share, or None."""
        found = {_prefix(record) for record in records if file_id(record) is not None}
        return found.pop() if len(found) == 1 else None

    def targets_of_column(self, column: str, values: Sequence[Any], schema: Schema) -> list[str]:
        """Name the objects that a column of ids points to; nothing when its values are no ids."""
        texts = {value for value in values if isinstance(value, str)}
        if not texts or len(texts) < len({str(value) for value in values}):
            return []
        stem = names.fold(re.sub(r"(?i)(?:_*id)?(?:_+c)?\Z", "", column))
        targets: set[str] = set()
        for text in texts:
            found = self._objects_for(text, stem, schema)
            if not found:
                return []
            targets |= found
        return sorted(targets)

    def _objects_for(self, text: str, stem: str, schema: Schema) -> set[str]:
        """Plain numbers are ids only under a column called after the object (`account_id`)."""
        held = self.objects_by_text.get(text, set())
        if held and _SCHEMELESS_ID.fullmatch(text):
            return {name for name in held if names.fold(name.removesuffix("__c")) == stem}
        if held:
            return held
        normal = ids.normalise(text) if len(text) == 18 else None
        owner = schema.by_prefix(normal) if normal else None
        return {owner.name} if owner else set()

    def assign(self, records: Iterable[RawRecord], schema: Schema, mint: Mint) -> None:
        """Give every record its id; a fresh one is never an id that the files use."""
        records = list(records)
        self.used |= {normal for record in records if (normal := ids.normalise(file_id(record))) is not None}
        for record in records:
            prefix = schema[record.object_name].key_prefix or "000"
            text = file_id(record)
            normal = ids.normalise(text)
            if normal is not None and normal[:3] == prefix:
                record.record_id = normal
                continue
            record.record_id = self._fresh(prefix, mint)
            if text is not None:
                self.replaced[record.object_name] = self.replaced.get(record.object_name, 0) + 1

    def _fresh(self, prefix: str, mint: Mint) -> str:
        made = mint(prefix)
        while made in self.used:
            made = mint(prefix)
        return made

    def resolve(self, object_name: str, reference: Field, text: str, schema: Schema, mint: Mint) -> str | None:
        """Turn a file's id in a reference field into the real one; None when it can be none."""
        for target in self._ordered(reference, text):
            record = self.by_text.get((target, text))
            if record is not None:
                return record.record_id
        normal = ids.normalise(text)
        if normal == ids.NULL_ID:
            return None
        known = self.by_text.get((reference.reference_to[0], normal)) if normal and reference.reference_to else None
        if known is not None:
            return known.record_id
        key = (object_name, reference.name)
        self.dangling[key] = self.dangling.get(key, 0) + 1
        if normal is not None or not reference.reference_to:
            return normal
        target = "User" if "User" in reference.reference_to else reference.reference_to[0]
        if (target, text) not in self.minted:
            known_target = schema.get(target)
            prefix = known_target.key_prefix if known_target else None
            self.minted[target, text] = self._fresh(prefix or "000", mint)
        return self.minted[target, text]

    def find_parent(self, lookup: ParentLookup, child_name: str) -> str | None:
        """Find the record that a parent's own fields mean: by the id in its url, else by equal values."""
        if lookup.record_id is not None:
            named = self.by_text.get((lookup.object_name, lookup.record_id))
            return named.record_id if named else ids.normalise(lookup.record_id)
        wanted = {names.fold(key): value for key, value in lookup.values if isinstance(value, str | int | float)}
        if lookup.object_name == "RecordType":
            wanted["sobjecttype"] = child_name
        keys = tuple(sorted(wanted))
        found = self._indexed(lookup.object_name, keys).get(tuple(wanted[key] for key in keys))
        return found.record_id if found and keys else None

    def _indexed(self, object_name: str, keys: tuple[str, ...]) -> dict[tuple[Any, ...], RawRecord]:
        if (object_name, keys) not in self.indexes:
            index: dict[tuple[Any, ...], RawRecord] = {}
            for record in self.all_records:
                if record.object_name == object_name:
                    folded = {names.fold(name): value for name, value in record.values.items()}
                    if all(isinstance(folded.get(key), str | int | float) for key in keys):
                        index.setdefault(tuple(folded[key] for key in keys), record)
            self.indexes[object_name, keys] = index
        return self.indexes[object_name, keys]

    def _ordered(self, reference: Field, text: str) -> list[str]:
        held = self.objects_by_text.get(text, set())
        return [target for target in reference.reference_to if target in held]

    def report(self, loaded: Mapping[str, int]) -> list[str]:
        """Say what became of ids that could not stay, and which references point outside the files."""
        said = [f"{name}: {count} of {loaded.get(name, 0)} ids replaced" for name, count in self.replaced.items()]
        for (name, column), count in sorted(self.dangling.items()):
            said.append(f"{name}.{column}: {count} references to records that no file holds")
        return said


def file_id(record: RawRecord) -> str | None:
    """Return what a record's file calls its id."""
    for column, value in record.values.items():
        if names.fold(column) == "id" and not names.is_metadata(column):
            return str(value).strip() if value not in (None, "") else None
    return None


def _prefix(record: RawRecord) -> str | None:
    normal = ids.normalise(file_id(record))
    return normal[:3] if normal else None
