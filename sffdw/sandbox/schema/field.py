"""A field of an object: the 57 attributes a describe shows, and what a describe cannot say.

Attributes carry Salesforce's names in snake case; `WIRE_NAMES` gives the describe's spelling in the describe's order.
`make_field` fills whatever is not stated from the field's type (see `rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sffdw.sandbox.schema import rules
from sffdw.sandbox.schema.errors import SchemaError


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """One entry of a picklist, in setup order; `valid_for` is the base64 bit set of a dependent picklist."""

    value: str
    label: str
    active: bool = True
    default_value: bool = False
    valid_for: str | None = None
    named_for: tuple[str, ...] | None = None  # the controlling values that `valid_for` stands for; not in describe

    def describe(self) -> dict[str, Any]:
        """Render the entry as a describe shows it."""
        return {
            "active": self.active,
            "defaultValue": self.default_value,
            "label": self.label,
            "validFor": self.valid_for,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. The attributes after `write_requires_master_read` never appear in a describe."""

    name: str
    type: str
    label: str
    aggregatable: bool
    ai_prediction_field: bool
    auto_number: bool
    byte_length: int
    calculated: bool
    calculated_formula: str | None
    cascade_delete: bool
    case_sensitive: bool
    compound_field_name: str | None
    controller_name: str | None
    createable: bool
    custom: bool
    default_value: Any
    default_value_formula: str | None
    defaulted_on_create: bool
    dependent_picklist: bool
    deprecated_and_hidden: bool
    digits: int
    display_location_in_decimal: bool
    encrypted: bool
    external_id: bool
    extra_type_info: str | None
    filterable: bool
    filtered_lookup_info: Any
    formula_treat_null_number_as_zero: bool
    groupable: bool
    high_scale_number: bool
    html_formatted: bool
    id_lookup: bool
    inline_help_text: str | None
    length: int
    mask: str | None
    mask_type: str | None
    name_field: bool
    name_pointing: bool
    nillable: bool
    permissionable: bool
    picklist_values: tuple[PicklistValue, ...]
    polymorphic_foreign_key: bool
    precision: int
    query_by_distance: bool
    reference_target_field: str | None
    reference_to: tuple[str, ...]
    relationship_name: str | None
    relationship_order: int | None
    restricted_delete: bool
    restricted_picklist: bool
    scale: int
    search_prefilterable: bool
    soap_type: str
    sortable: bool
    unique: bool
    updateable: bool
    write_requires_master_read: bool
    # What the parent's childRelationships say about this reference.
    child_relationship_name: str | None = None
    child_cascade_delete: bool = False
    child_restricted_delete: bool = False
    # Not in describe and not selectable, but still stored: no field-level access, or a stamp a trimmed describe lacks.
    hidden: bool = False
    # Auto numbers: digits as in Setup, for instance "{00000000}".
    display_format: str | None = None
    # Read-only copies: the parent path whose value Salesforce shows here, for instance "Contact.Email".
    derived_from: str | None = None
    # Roll-up summaries: {"object", "field" (of the child, the reference), "function", "of", "filter"}.
    summary: Mapping[str, Any] | None = None

    @property
    def is_reference(self) -> bool:
        """Whether the field holds ids of other records."""
        return self.type == "reference" and bool(self.reference_to)

    @property
    def is_compound(self) -> bool:
        """Whether the value is put together from component fields (address, geolocation)."""
        return self.type in rules.COMPOUND_TYPES

    @property
    def has_column(self) -> bool:
        """Whether a value of its own is stored (of compound fields and IsDeleted none is)."""
        return not self.is_compound and self.name != "IsDeleted"

    @property
    def may_have_default(self) -> bool:
        """Whether a new record may get a value here that its writer did not give."""
        if (self.name == "OwnerId" and self.is_reference) or self.auto_number:
            return True
        has_choice = any(known.default_value for known in self.picklist_values)
        return has_choice or (self.default_value is not None and not self.calculated)

    @property
    def is_required(self) -> bool:
        """Whether a record must have a value here."""
        is_given = self.type == "boolean" or self.is_compound or self.auto_number or self.calculated
        return not self.nillable and not is_given

    @property
    def is_person_name(self) -> bool:
        """Whether this is a person's full name, made from first and last name."""
        return self.name_field and self.extra_type_info == "personname" and not self.createable

    @property
    def is_text(self) -> bool:
        """Whether values are text that Salesforce trims."""
        return self.type in rules.TEXT_TYPES

    @property
    def is_long_text(self) -> bool:
        """Whether the field is a long text area, which can neither be filtered nor sorted."""
        return self.type == "textarea" and self.length > rules.SHORT_TEXT_LENGTH

    @property
    def is_master_detail(self) -> bool:
        """Whether the parent owns the record through this reference."""
        return self.relationship_order is not None

    def describe(self) -> dict[str, Any]:
        """Render the 57 attributes in the order of a real describe."""
        return {wire: _wire_value(getattr(self, name)) for name, wire in WIRE_NAMES.items()}

    def definition(self) -> dict[str, Any]:
        """Give everything that `make_field` needs to build the field again, what describe cannot say included."""
        return {wire: getattr(self, name) for wire, name in ATTRIBUTES.items()}


def _wire_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [item.describe() if isinstance(item, PicklistValue) else item for item in value]
    return value


def camel_case(name: str) -> str:
    """Turn snake case into the spelling of a describe."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


_BEYOND_DESCRIBE = (
    "child_relationship_name",
    "child_cascade_delete",
    "child_restricted_delete",
    "hidden",
    "display_format",
    "derived_from",
    "summary",
)
WIRE_NAMES: dict[str, str] = dict(
    sorted(
        ((field.name, camel_case(field.name)) for field in fields(Field) if field.name not in _BEYOND_DESCRIBE),
        key=lambda pair: pair[1],
    )
)
ATTRIBUTES: dict[str, str] = {wire: name for name, wire in WIRE_NAMES.items()} | {
    camel_case(name): name for name in _BEYOND_DESCRIBE
}


def make_field(stated: Mapping[str, Any], *, lenient: bool = False) -> Field:
    """Build a field from the attributes that are stated, spelled as in a describe; the rest follows from its type.

    Shorthands: `values` (texts) for picklistValues, `required` for nillable false, `masterDetail`, `formula`; a
    picklist value's `for` lists the controlling values it goes with.
    With `lenient`, attributes of other API versions are ignored; else an unknown one raises SchemaError.
    """
    given = {ATTRIBUTES.get(key, key): value for key, value in _expand(stated).items()}
    unknown = sorted(given.keys() - set(ATTRIBUTES.values()))
    if unknown and not lenient:
        raise SchemaError(f'unknown field attribute "{unknown[0]}"')
    if not isinstance(given.get("name"), str) or not isinstance(given.get("type"), str):
        raise SchemaError("a field needs a name and a type")
    given = {key: value for key, value in given.items() if key not in unknown}
    if given["type"] == "encryptedstring" and not lenient:
        rules.check_encrypted(given)
    given["picklist_values"] = tuple(_picklist_value(item) for item in given.get("picklist_values") or ())
    given["reference_to"] = tuple(given.get("reference_to") or ())
    return Field(**rules.complete(given))


def _expand(stated: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(stated)
    if "values" in given:
        given["picklistValues"] = given.pop("values")
    if "required" in given:
        given["nillable"] = not given.pop("required")
    if "formula" in given:
        given |= {"calculated": True, "calculatedFormula": given.pop("formula")}
    if isinstance(given.get("referenceTo"), str):
        given["referenceTo"] = [given["referenceTo"]]
    if given.pop("masterDetail", False):
        given = rules.MASTER_DETAIL | given
    return given


def _picklist_value(item: Any) -> PicklistValue:
    if isinstance(item, PicklistValue):
        return item
    if isinstance(item, str):
        return PicklistValue(value=item, label=item)
    value = item.get("value")
    if not isinstance(value, str):
        raise SchemaError("a picklist value needs a value")
    return PicklistValue(
        value=value,
        label=item.get("label") or value,
        active=bool(item.get("active", True)),
        default_value=bool(item.get("defaultValue", False)),
        valid_for=item.get("validFor"),
        named_for=_named_for(item.get("for")),
    )


def _named_for(stated: Any) -> tuple[str, ...] | None:
    if stated is None:
        return None
    if not isinstance(stated, list | tuple):
        raise SchemaError('"for" of a picklist value must be a list of controlling values')
    return tuple(str(text).lower() if isinstance(text, bool) else str(text) for text in stated)


def change_field(field: Field, changes: Mapping[str, Any]) -> Field:
    """Apply an alteration; what follows from the changed attributes is derived again unless it is stated too."""
    given = {ATTRIBUTES.get(key, key): value for key, value in _expand(changes).items()}
    unknown = sorted(given.keys() - set(ATTRIBUTES.values()))
    if unknown:
        raise SchemaError(f'unknown field attribute "{unknown[0]}"')
    kept = {attribute: getattr(field, attribute) for attribute in ATTRIBUTES.values()}
    for attribute in rules.dependents(field.type, given):
        kept.pop(attribute, None)
    merged = kept | given
    return make_field({camel_case(attribute): value for attribute, value in merged.items()})


def rename_field(field: Field, new_name: str) -> Field:
    """Give the field another API name; a custom lookup's relationship name follows."""
    relationship_name = field.relationship_name
    if relationship_name and field.custom and field.name.endswith("__c"):
        relationship_name = rules.relationship_name(new_name)
    return replace(field, name=new_name, relationship_name=relationship_name)
