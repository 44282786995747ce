"""An object of the org: its fields and the attributes of the object itself, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from sffdw.sandbox.schema.field import Field, camel_case


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRelationship:
    """One reference from a child object to a parent, seen from the parent."""

    child_object: str
    field: str
    relationship_name: str | None
    cascade_delete: bool
    restricted_delete: bool

    def describe(self) -> dict[str, Any]:
        """Render the relationship as a describe's childRelationships item."""
        return {
            "cascadeDelete": self.cascade_delete,
            "childSObject": self.child_object,
            "deprecatedAndHidden": False,
            "field": self.field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": self.relationship_name,
            "restrictedDelete": self.restricted_delete,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """A rule that refuses a record when its error condition is true."""

    name: str
    condition: str
    message: str
    field: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypeEntry:
    """A record type as the describe lists it; without a `record_type_id` the master record type is meant."""

    name: str
    developer_name: str
    record_type_id: str = "012000000000000AAA"
    active: bool = True
    available: bool = True
    default_record_type_mapping: bool = False
    master: bool = False


@dataclass(frozen=True, kw_only=True)
class SObject:
    """One object. `fields` holds all stored fields in describe order; `visible_fields` those a describe shows."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    fields: tuple[Field, ...]
    custom: bool = False
    custom_setting: bool = False
    activateable: bool = False
    associate_entity_type: str | None = None
    associate_parent_entity: str | None = None
    compact_layoutable: bool = True
    createable: bool = True
    deep_cloneable: bool = False
    deletable: bool = True
    deprecated_and_hidden: bool = False
    feed_enabled: bool = False
    has_subtypes: bool = False
    is_interface: bool = False
    is_subtype: bool = False
    layoutable: bool = True
    mergeable: bool = False
    mru_enabled: bool = False
    network_scope_field_name: str | None = None
    queryable: bool = True
    replicateable: bool = True
    retrieveable: bool = True
    search_layoutable: bool = True
    searchable: bool = True
    triggerable: bool = True
    undeletable: bool = True
    updateable: bool = True
    supported_scopes: tuple[tuple[str, str], ...] = ()
    record_types: tuple[RecordTypeEntry, ...] = ()
    action_overrides: tuple[Any, ...] = ()
    named_layout_infos: tuple[Any, ...] = ()
    # What describe cannot say.
    bulk_supported: bool = True
    required_filter: tuple[str, ...] = ()  # a query must filter by one of these fields
    rules: tuple[ValidationRule, ...] = ()
    stated_children: tuple[ChildRelationship, ...] = ()

    @cached_property
    def visible_fields(self) -> tuple[Field, ...]:
        """The fields that describe shows and statements may name."""
        return tuple(field for field in self.fields if not field.hidden)

    @cached_property
    def _visible(self) -> Mapping[str, Field]:
        return {field.name.lower(): field for field in self.visible_fields}

    @cached_property
    def _stored(self) -> Mapping[str, Field]:
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def _relationships(self) -> Mapping[str, Field]:
        named = (field for field in self.visible_fields if field.is_reference and field.relationship_name)
        return {str(field.relationship_name).lower(): field for field in named}

    def field(self, name: str) -> Field | None:
        """Find a visible field by its API name in any case."""
        return self._visible.get(name.lower())

    def stored_field(self, name: str) -> Field | None:
        """Find a field by its API name in any case, hidden ones too."""
        return self._stored.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """Find the reference field behind a parent relationship name (`Account`, `Parent__r`), in any case."""
        return self._relationships.get(name.lower())

    @cached_property
    def name_field(self) -> Field | None:
        """The field that names a record: Name, CaseNumber, Subject …, or None."""
        return next((field for field in self.visible_fields if field.name_field), None)

    @property
    def is_described(self) -> bool:
        """Whether an org's own describe said what the object is."""
        return bool(self.stated_children)

    @property
    def supports_merge(self) -> bool:
        """Whether records can be merged; the describe's `mergeable` is false for Case, which merges nevertheless."""
        return self.stored_field("MasterRecordId") is not None

    # Asked for with every record that is written.

    @cached_property
    def column_fields(self) -> tuple[Field, ...]:
        """The fields that a value is stored of."""
        return tuple(field for field in self.fields if field.has_column)

    @cached_property
    def default_fields(self) -> tuple[Field, ...]:
        """The fields in which a new record may get a value that its writer did not give."""
        return tuple(field for field in self.column_fields if field.may_have_default)

    @cached_property
    def required_fields(self) -> tuple[Field, ...]:
        """The fields in which a record must have a value."""
        return tuple(field for field in self.fields if field.is_required)

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        """The fields of which no two records may have the same value, save the id."""
        return tuple(field for field in self.column_fields if field.unique and field.type != "id")

    @cached_property
    def reference_fields(self) -> tuple[Field, ...]:
        """All fields that hold ids of other records, hidden ones too."""
        return tuple(field for field in self.fields if field.is_reference)

    @cached_property
    def summary_fields(self) -> tuple[Field, ...]:
        """All roll-up summaries."""
        return tuple(field for field in self.fields if field.summary is not None)

    def components(self, compound: str) -> tuple[Field, ...]:
        """List the component fields of a compound field (`BillingAddress`, `Name`)."""
        wanted = compound.lower()
        found = (field for field in self.fields if (field.compound_field_name or "").lower() == wanted)
        return tuple(field for field in found if field.name.lower() != wanted)

    def has(self, name: str) -> bool:
        """Whether a visible field of that name exists (IsDeleted, SystemModstamp, MasterRecordId …)."""
        return name.lower() in self._visible


_BEYOND_DESCRIBE = frozenset(
    (
        *("fields", "supported_scopes", "record_types", "action_overrides", "named_layout_infos", "stated_children"),
        *("bulk_supported", "required_filter", "rules"),
    )
)
FLAG_NAMES: dict[str, str] = {
    field.name: camel_case(field.name) for field in fields(SObject) if field.name not in _BEYOND_DESCRIBE
}
