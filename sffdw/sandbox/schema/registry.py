"""All objects of the org. Readers see immutable snapshots, so they need no lock; writers take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sffdw.sandbox.schema.changes import SchemaChange, alter_object
from sffdw.sandbox.schema.definition import read_definition, with_record_types
from sffdw.sandbox.schema.dependencies import settle
from sffdw.sandbox.schema.describe import describe_listing, describe_object
from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.features import PERSON_ACCOUNTS, check_feature, feature_fields, new_objects, place_fields
from sffdw.sandbox.schema.field import Field
from sffdw.sandbox.schema.person_fields import follow_contact
from sffdw.sandbox.schema.prefixes import free_prefix
from sffdw.sandbox.schema.sobject import ChildRelationship, RecordTypeEntry, SObject

_ACTIVITIES = ("Task", "Event")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One state of the whole schema; the mappings are never changed after they are made."""

    objects: Mapping[str, SObject]
    children: Mapping[str, tuple[ChildRelationship, ...]]
    prefixes: Mapping[str, str]
    versions: Mapping[str, int]
    modified: Mapping[str, datetime]
    version: int
    features: frozenset[str] = frozenset()


class Schema:
    """The object model of one org. Names are matched in any case and answered in their own."""

    def __init__(self, objects: Iterable[SObject] = (), *, now: Callable[[], datetime] | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self._writing = threading.RLock()
        self._state = _Snapshot({}, {}, {}, {}, {}, 0)
        self._replace(list(objects))

    @classmethod
    def standard(cls, *, now: Callable[[], datetime] | None = None) -> Schema:
        """Make a schema of Salesforce's standard objects."""
        from sffdw.sandbox.objects import standard_objects

        return cls(standard_objects(), now=now)

    # Reading

    @property
    def version(self) -> int:
        """A number that grows with every change of any object."""
        return self._state.version

    @property
    def features(self) -> frozenset[str]:
        """The features the org has beyond the usual (see `features`)."""
        return self._state.features

    def get(self, name: str) -> SObject | None:
        """Find an object by its API name in any case."""
        return self._state.objects.get(name.lower())

    def __getitem__(self, name: str) -> SObject:
        """Find an object or raise SchemaError."""
        found = self.get(name)
        if found is None:
            raise SchemaError(f'unknown object "{name}"')
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._state.objects

    def __iter__(self) -> Iterator[SObject]:
        return iter(sorted(self._state.objects.values(), key=lambda sobject: sobject.name))

    def __len__(self) -> int:
        return len(self._state.objects)

    def by_prefix(self, record_id: str) -> SObject | None:
        """Find the object that a record id (or its first three characters) belongs to."""
        name = self._state.prefixes.get(record_id[:3])
        return self.get(name) if name else None

    def parent(self, object_name: str, relationship_name: str) -> tuple[Field, tuple[SObject, ...]] | None:
        """Resolve a parent relationship: the reference field and the objects it may point to, or None."""
        sobject = self.get(object_name)
        field = sobject.relationship(relationship_name) if sobject else None
        if field is None:
            return None
        targets = (self.get(target) for target in field.reference_to)
        return field, tuple(target for target in targets if target is not None)

    def children(self, object_name: str) -> tuple[ChildRelationship, ...]:
        """List the references that point to an object, by child object and field."""
        return self._state.children.get(object_name.lower(), ())

    def child(self, object_name: str, relationship_name: str) -> ChildRelationship | None:
        """Find a child relationship by its name in any case (`Contacts`, `Items__r`)."""
        wanted = relationship_name.lower()
        named = (child for child in self.children(object_name) if child.relationship_name)
        return next((child for child in named if str(child.relationship_name).lower() == wanted), None)

    def version_of(self, name: str) -> int:
        """The schema version at which this object's describe last changed."""
        return self._state.versions.get(name.lower(), 0)

    def modified_at(self, name: str | None = None) -> datetime:
        """When the describe of this object (of any object: None) last changed, in whole seconds UTC."""
        stamps = self._state.modified
        if name is None:
            return max(stamps.values(), default=self._now().replace(microsecond=0))
        return stamps[name.lower()]

    def describe(self, name: str, *, version: str = "62.0", instance_url: str = "") -> dict[str, Any]:
        """Answer a describe. Raises SchemaError for an unknown object."""
        sobject = self[name]
        return describe_object(sobject, self.children(sobject.name), version=version, instance_url=instance_url)

    def describe_listing(self, name: str, *, version: str = "62.0") -> dict[str, Any]:
        """Answer one entry of the global describe."""
        return describe_listing(self[name], version=version)

    def describe_global(self, *, version: str = "62.0") -> dict[str, Any]:
        """Answer the global describe."""
        listed = [describe_listing(sobject, version=version) for sobject in self if not sobject.deprecated_and_hidden]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}

    # Writing

    def define(self, definition: Mapping[str, Any]) -> list[SchemaChange]:
        """Add an object from a describe or the short form; one that exists gains the fields it lacks.

        The short form may say `"activities": true`: tasks and events can then relate to the object.
        """
        with self._writing:
            new = read_definition(definition)
            known = self.get(new.name)
            if known is not None:
                types = definition.get("recordTypes")
                is_described = "childRelationships" in definition
                changes = self._merge(known, new, described=is_described, types=types)
                is_extended = new.name == "Contact" and not is_described
                changes += self._follow_contact(changes[0] if is_extended else None)
                return changes + (self._recognised(new) if is_described else [])
            placed = self._equipped(replace(new, key_prefix=free_prefix(new, self._state.prefixes)))
            changed = [placed] + (self._accept_activities(placed.name) if definition.get("activities") else [])
            self._replace([*self._others(changed), *changed])
            return [SchemaChange(object_name=placed.name, kind="created", added=placed.fields)]

    def _recognised(self, described: SObject) -> list[SchemaChange]:
        """A describe of Account with person fields says that the org has person accounts."""
        is_new = PERSON_ACCOUNTS not in self.features
        has_persons = described.name == "Account" and described.has("IsPersonAccount")
        return self.enable(PERSON_ACCOUNTS, hides=True) if is_new and has_persons else []

    def _follow_contact(self, done: SchemaChange | None = None) -> list[SchemaChange]:
        """Give Account the fields that Contact's custom fields ask for where there are person accounts."""
        account, contact = self.get("Account"), self.get("Contact")
        if PERSON_ACCOUNTS not in self.features or account is None or contact is None:
            return []
        found = follow_contact(account, contact, done)
        if found is None:
            return []
        self._replace([*self._others([found[0]]), found[0]])
        return [found[1]]

    def _equipped(self, new: SObject) -> SObject:
        """Give a new object what the org's features bring to it."""
        return replace(new, fields=place_fields(new, feature_fields(new, self.features))) if self.features else new

    def enable(self, feature: str, *, hides: bool = False) -> list[SchemaChange]:
        """Turn a feature on: objects gain the fields it brings. It stays on. Raises SchemaError for an unknown one.

        With `hides`, objects that a describe has defined go on looking as it says.
        """
        with self._writing:
            features = self.features | {check_feature(feature)}
            gained = {sobject.name: feature_fields(sobject, features) for sobject in self}
            for name in (sobject.name for sobject in self if hides and sobject.is_described):
                gained[name] = [(replace(field, hidden=True), behind) for field, behind in gained[name]]
            altered = [
                replace(self[name], fields=place_fields(self[name], added)) for name, added in gained.items() if added
            ]
            created = new_objects(features, (sobject.name for sobject in self))
            self._replace([*self._others([*altered, *created]), *altered, *created], features)
            return [
                *(SchemaChange(object_name=new.name, kind="created", added=new.fields) for new in created),
                *(
                    SchemaChange(object_name=name, kind="altered", added=tuple(field for field, _ in added))
                    for name, added in gained.items()
                    if added
                ),
                *self._follow_contact(),
            ]

    def _merge(self, known: SObject, new: SObject, *, described: bool, types: Any = None) -> list[SchemaChange]:
        """A describe says what the object is: its fields and flags win, and stored fields it lacks become hidden."""
        lacking = tuple(field for field in new.fields if known.stored_field(field.name) is None)
        if described:
            gone = tuple(replace(field, hidden=True) for field in known.fields if new.stored_field(field.name) is None)
            own = tuple(_inherit(field, known.stored_field(field.name)) for field in new.fields)
            merged = replace(new, name=known.name, key_prefix=new.key_prefix or known.key_prefix, fields=own + gone)
            altered = tuple(field for field in own if known.stored_field(field.name) not in (None, field)) + gone
        else:
            lacking = tuple(field for field in lacking if not field.hidden)
            merged, altered = replace(known, fields=settle(known.fields + lacking)), ()
        if types is not None:
            merged = with_record_types(merged, types)
            lacking = tuple(field for field in merged.fields if known.stored_field(field.name) is None)
        self._replace([*self._others([merged]), merged])
        return [SchemaChange(object_name=known.name, kind="altered", added=lacking, altered=altered)]

    def _accept_activities(self, name: str) -> list[SObject]:
        return [_widen(self[activity], "WhatId", name) for activity in _ACTIVITIES if activity in self]

    def alter(self, name: str, operations: Mapping[str, Any]) -> list[SchemaChange]:
        """Apply the operations of PATCH /_sandbox/objects/OBJECT, all or none. Raises SchemaError."""
        with self._writing:
            old = self[name]
            new, change = alter_object(old, operations)
            if new.name.lower() != old.name.lower() and new.name in self:
                raise SchemaError(f'object "{new.name}" already exists')
            others = [sobject for sobject in self if sobject.name != old.name]
            if new.name != old.name:
                others = [_retarget(sobject, old.name, new.name) for sobject in others]
                new = _retarget(new, old.name, new.name)
            self._replace([*others, new])
            return [change, *self._follow_contact(change if new.name == "Contact" else None)]

    def set_record_types(self, name: str, entries: tuple[RecordTypeEntry, ...]) -> None:
        """Replace the record types of an object, whose ids are known now."""
        with self._writing:
            changed = replace(self[name], record_types=entries)
            self._replace([*self._others([changed]), changed])

    @property
    def state(self) -> object:
        """The schema as it is, for `go_back`."""
        return self._state

    def go_back(self, state: object) -> None:
        """Return to a state that `state` gave: the transaction that changed it was rolled back."""
        assert isinstance(state, _Snapshot)
        with self._writing:
            self._state = state

    def drop(self, name: str) -> list[SchemaChange]:
        """Remove an object; fields that could only point to it go with it. Raises SchemaError."""
        with self._writing:
            gone = self[name]
            others = [sobject for sobject in self if sobject.name != gone.name]
            kept = [_retarget(sobject, gone.name, None) for sobject in others]
            self._replace(kept)
            changes = [SchemaChange(object_name=gone.name, kind="dropped")]
            for before, after in zip(others, kept, strict=True):
                lost = tuple(field.name for field in before.fields if after.stored_field(field.name) is None)
                if lost:
                    changes.append(SchemaChange(object_name=after.name, kind="altered", dropped=lost))
            return changes

    def restore(self, objects: Iterable[SObject], features: Iterable[str] = ()) -> None:
        """Replace the whole schema by these objects of an org with these features."""
        with self._writing:
            self._replace(list(objects), frozenset(features))

    def _others(self, replaced: Iterable[SObject]) -> list[SObject]:
        names = {sobject.name.lower() for sobject in replaced}
        return [sobject for key, sobject in self._state.objects.items() if key not in names]

    def _replace(self, objects: list[SObject], features: frozenset[str] | None = None) -> None:
        """Publish a new snapshot; objects whose own definition or children changed get the new version."""
        old = self._state
        children = _children_of(objects)
        version, stamp = old.version + 1, self._now().replace(microsecond=0)
        versions: dict[str, int] = {}
        modified: dict[str, datetime] = {}
        for sobject in objects:
            key = sobject.name.lower()
            same = old.objects.get(key) == sobject and old.children.get(key, ()) == children.get(key, ())
            versions[key] = old.versions[key] if same else version
            modified[key] = old.modified[key] if same else stamp
        by_name = {sobject.name.lower(): sobject for sobject in objects}
        prefixes = {sobject.key_prefix: sobject.name for sobject in reversed(objects) if sobject.key_prefix}
        kept = old.features if features is None else features
        self._state = _Snapshot(by_name, children, prefixes, versions, modified, version, kept)


def _children_of(objects: Iterable[SObject]) -> dict[str, tuple[ChildRelationship, ...]]:
    """Turn the reference fields of all objects around; what a parent's describe states about a child wins."""
    known = {sobject.name.lower(): sobject for sobject in objects}
    found: dict[str, list[ChildRelationship]] = {}
    for child in known.values():
        for field in child.visible_fields:
            if field.name == "MasterRecordId":  # no child relationship, as recorded
                continue
            for target in field.reference_to:
                if target.lower() in known:
                    found.setdefault(target.lower(), []).append(_seen_from_parent(known[target.lower()], child, field))
    return {
        name: tuple(sorted(children, key=lambda item: (item.child_object, item.field)))
        for name, children in found.items()
    }


def _seen_from_parent(parent: SObject, child: SObject, field: Field) -> ChildRelationship:
    for stated in parent.stated_children:
        if stated.child_object.lower() == child.name.lower() and stated.field.lower() == field.name.lower():
            return replace(stated, child_object=child.name, field=field.name)
    return ChildRelationship(
        child_object=child.name,
        field=field.name,
        relationship_name=field.child_relationship_name or _custom_child_name(child, field),
        cascade_delete=field.child_cascade_delete,
        restricted_delete=field.child_restricted_delete,
    )


def _custom_child_name(child: SObject, field: Field) -> str | None:
    """Name a custom lookup after the child's plural label, as Setup proposes: `Line Items` gives `Line_Items__r`."""
    if not field.custom:
        return None
    siblings = [other for other in child.fields if set(other.reference_to) & set(field.reference_to) and other.custom]
    is_first = len(siblings) < 2 or siblings[0].name == field.name
    stem = child.label_plural if is_first else f"{child.label_plural} {field.label}"
    return "_".join("".join(c if c.isalnum() else " " for c in stem).split()) + "__r"


def _inherit(field: Field, known: Field | None) -> Field:
    """Keep what a describe cannot say when a describe replaces a field."""
    if known is None or known.type != field.type:
        return field
    return replace(
        field,
        child_relationship_name=field.child_relationship_name or known.child_relationship_name,
        child_cascade_delete=field.child_cascade_delete or known.child_cascade_delete,
        child_restricted_delete=field.child_restricted_delete or known.child_restricted_delete,
        display_format=field.display_format or known.display_format,
        derived_from=field.derived_from or known.derived_from,
    )


def _widen(sobject: SObject, field_name: str, target: str) -> SObject:
    """Let a polymorphic reference point to one more object."""
    fields = [
        replace(field, reference_to=tuple(sorted({*field.reference_to, target}))) if field.name == field_name else field
        for field in sobject.fields
    ]
    return replace(sobject, fields=tuple(fields))


def _retarget(sobject: SObject, old: str, new: str | None) -> SObject:
    """Follow the renaming of an object in all references to it; None removes it and fields that point nowhere."""
    if not any(old in field.reference_to for field in sobject.fields):
        return sobject
    fields = []
    for field in sobject.fields:
        targets = tuple(new or "" if target == old else target for target in field.reference_to)
        left = tuple(target for target in targets if target)
        if left or not field.reference_to:
            fields.append(replace(field, reference_to=left))
    return replace(sobject, fields=tuple(fields))
