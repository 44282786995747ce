"""What a user may see: which objects, fields and rows take part in a statement or a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sffdw.sandbox.schema import Field, RecordTypeEntry, SObject


@dataclass(frozen=True)
class ObjectRights:
    """What a user may do with the records of an object."""

    read: bool = True
    create: bool = True
    edit: bool = True
    delete: bool = True
    view_all: bool = True


@dataclass(frozen=True)
class FieldRights:
    """What a user may do with a field."""

    read: bool = True
    edit: bool = True


@dataclass(frozen=True)
class RecordTypeRights:
    """Which record types of an object a user has, by developer name in lower case; None is what the object says."""

    available: frozenset[str] | None = None
    default: str | None = None

    def applied(self, entries: tuple[RecordTypeEntry, ...]) -> tuple[RecordTypeEntry, ...]:
        """Return an object's record types as the user has them; what is the default is available too."""
        return tuple(self._applied(entry) for entry in entries)

    def _applied(self, entry: RecordTypeEntry) -> RecordTypeEntry:
        name = entry.developer_name.lower()
        is_default = entry.default_record_type_mapping if self.default is None else name == self.default
        is_listed = entry.available if self.available is None else name in self.available or entry.master
        return replace(entry, available=is_listed or is_default, default_record_type_mapping=is_default)


_ALL_OF_OBJECT, _ALL_OF_FIELD = ObjectRights(), FieldRights()


@dataclass(frozen=True)
class Access:
    """The rights of one user; what is not listed is allowed. Names are lower case.

    `share` is a SOQL condition per object (`*` for all): rows that do not meet it are missing for the user. The system
    itself always views encrypted data; users do so with the permission View Encrypted Data.
    """

    objects: Mapping[str, ObjectRights] = field(default_factory=dict)
    fields: Mapping[str, FieldRights] = field(default_factory=dict)
    share: Mapping[str, str] = field(default_factory=dict)
    is_everything: bool = True
    views_encrypted: bool = True
    record_types: Mapping[str, RecordTypeRights] = field(default_factory=dict)

    def of_object(self, sobject: SObject) -> ObjectRights:
        """Return the rights on an object."""
        return self.objects.get(sobject.name.lower(), _ALL_OF_OBJECT)

    def of_field(self, sobject: SObject, name: str) -> FieldRights:
        """Return the rights on a field."""
        return self.fields.get(f"{sobject.name}.{name}".lower(), _ALL_OF_FIELD)

    def record_types_of(self, sobject: SObject, entries: tuple[RecordTypeEntry, ...]) -> tuple[RecordTypeEntry, ...]:
        """Return an object's record types as the user has them."""
        rights = self.record_types.get(sobject.name.lower())
        return entries if rights is None else rights.applied(entries)

    def find_field(self, sobject: SObject, name: str) -> Field | None:
        """Find a field the user may read."""
        found = sobject.field(name)
        if found is None or self.is_everything:
            return found
        return found if self.of_field(sobject, found.name).read else None

    def can_see(self, sobject: SObject) -> bool:
        """Tell whether the object exists for the user."""
        return self.is_everything or self.of_object(sobject).read

    def without(self, fields: Iterable[str], objects: Iterable[str]) -> Access:
        """Return these rights without reading some fields (`Object.Field`) and objects."""
        hidden = {name.lower(): FieldRights(read=False, edit=False) for name in fields}
        closed = {name.lower(): ObjectRights(False, False, False, False, False) for name in objects}
        objects_now, fields_now = {**self.objects, **closed}, {**self.fields, **hidden}
        return replace(self, objects=objects_now, fields=fields_now, is_everything=False)

    def share_of(self, sobject: SObject) -> str | None:
        """Return the SOQL condition that rows of an object must meet."""
        if self.is_everything or (sobject.name.lower() in self.objects and self.of_object(sobject).view_all):
            return self.share.get(sobject.name.lower())
        return self.share.get(sobject.name.lower()) or self.share.get("*")


FULL_ACCESS = Access()
USER_ACCESS = Access(views_encrypted=False)
