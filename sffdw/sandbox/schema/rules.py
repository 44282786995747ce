"""What follows from a field's type: the attributes that real describes show for every field of that type.

`complete` takes stated attributes (snake case) and returns all of them. Nothing here knows an object by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sffdw.sandbox.schema.errors import SchemaError

SHORT_TEXT_LENGTH = 255
COMPOUND_TYPES = frozenset({"address", "location"})
NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})
TEXT_TYPES = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring"}
)
_OTHER_TYPES = frozenset(
    {"id", "reference", "boolean", "date", "datetime", "time", "base64", "anyType", "complexvalue", "json"}
    | {"datacategorygroupreference"}
)
TYPES = COMPOUND_TYPES | NUMBER_TYPES | TEXT_TYPES | _OTHER_TYPES

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "long": "xsd:long",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
    "location": "urn:location",
    "anyType": "xsd:anyType",
    "complexvalue": "urn:complexvalue",
    "json": "urn:JSON",
}
MAX_ENCRYPTED = 175
_LENGTHS = {"id": 18, "reference": 18, "email": 80, "phone": 40, "multipicklist": 4099}
_LENGTHS |= {"encryptedstring": MAX_ENCRYPTED}
MASK_TYPES = ("all", "creditCard", "lastFour", "nino", "sin", "ssn")
MASK_CHARACTERS = ("*", "X")
_UNGROUPABLE = frozenset({"datetime", "double", "currency", "percent", "multipicklist", "combobox"})
# Types no clause can use: compound and opaque values (addresses may still be filtered by DISTANCE).
_OPAQUE = frozenset({"base64", "encryptedstring", "complexvalue", "json"})
_LENGTHLESS = NUMBER_TYPES | COMPOUND_TYPES | {"boolean", "date", "datetime", "time"}

_CUSTOM = re.compile(r"__(c|s|pc)\Z")
_AUDIT_NAMES = frozenset(
    {"Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
)
MASTER_DETAIL: dict[str, Any] = {
    "type": "reference",
    "nillable": False,
    "updateable": False,
    "relationshipOrder": 0,
    "cascadeDelete": True,
    "childCascadeDelete": True,
    "writeRequiresMasterRead": False,
}


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every attribute of a field, the stated ones as they are. Raises SchemaError for an unknown type."""
    if given["type"] not in TYPES:
        raise SchemaError(f'field "{given["name"]}" has the unknown type "{given["type"]}"')
    known = _constants() | _naming(given)
    if given["type"] == "encryptedstring":  # a describe may leave the mask out
        given = {name: value for name, value in given.items() if name not in {"mask", "mask_type"} or value is not None}
    for derive in (_sizes, _writing, _reference, _use, _permission):
        known |= derive(known | dict(given))
    return known | dict(given)


def check_encrypted(given: Mapping[str, Any]) -> None:
    """Refuse what Setup does not offer for encrypted text. Raises SchemaError."""
    name = given["name"]
    for attribute, wire, offered in (("mask_type", "maskType", MASK_TYPES), ("mask", "mask", MASK_CHARACTERS)):
        if given.get(attribute) not in (None, *offered):
            raise SchemaError(f'field "{name}" has an unknown {wire}; known are: {", ".join(offered)}')
    refused = {"unique": "be unique", "external_id": "be an external id", "default_value": "have a default"}
    for attribute, what in refused.items():
        if given.get(attribute):
            raise SchemaError(f'field "{name}" is encrypted, so it cannot {what}')
    if not 1 <= int(given.get("length", MAX_ENCRYPTED)) <= MAX_ENCRYPTED:
        raise SchemaError(f'field "{name}" is encrypted, so its length is 1 to {MAX_ENCRYPTED}')


def _constants() -> dict[str, Any]:
    absent = (
        "calculated_formula compound_field_name controller_name default_value_formula filtered_lookup_info"
        " inline_help_text mask mask_type reference_target_field relationship_order extra_type_info"
    )
    off = (
        "ai_prediction_field auto_number calculated cascade_delete case_sensitive dependent_picklist"
        " deprecated_and_hidden display_location_in_decimal encrypted external_id"
        " high_scale_number html_formatted name_field name_pointing restricted_delete restricted_picklist"
        " unique write_requires_master_read"
    )
    return dict.fromkeys(absent.split()) | dict.fromkeys(off.split(), False)


def _naming(given: Mapping[str, Any]) -> dict[str, Any]:
    name: str = given["name"]
    return {"custom": _CUSTOM.search(name) is not None, "label": label_of(name)}


def label_of(name: str) -> str:
    """Make a label of an API name: `Primary_Contact__c` and `PrimaryContact` become `Primary Contact`."""
    bare = re.sub(r"__\w$", "", name)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare.replace("_", " "))
    return " ".join(words.split())


def _sizes(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = given["type"]
    length = given.get("length", _default_length(kind, given["custom"]))
    precision = {"double": 18, "currency": 18, "percent": 18 if given["custom"] else 3, "multipicklist": 4}.get(kind, 0)
    scale = 2 if kind == "currency" and given["custom"] else 0
    return {
        "length": length,
        "byte_length": length if kind in {"id", "reference", "multipicklist", "base64"} else 3 * length,
        "precision": precision,
        "scale": scale,
        "digits": 9 if kind == "int" and given["custom"] else 8 if kind == "int" else 0,
        "soap_type": _SOAP_TYPES.get(kind, "xsd:string"),
        "query_by_distance": kind in COMPOUND_TYPES,
        "extra_type_info": "plaintextarea" if kind == "textarea" else None,
        "dependent_picklist": given["controller_name"] is not None,
        "formula_treat_null_number_as_zero": False,
    } | ({"mask": "*", "mask_type": "all", "encrypted": True} if kind == "encryptedstring" else {})


def _default_length(kind: str, custom: bool) -> int:
    if kind in _LENGTHLESS:
        return 0
    if kind == "picklist":
        return 255 if custom else 40
    return _LENGTHS.get(kind, SHORT_TEXT_LENGTH)


def _writing(given: Mapping[str, Any]) -> dict[str, Any]:
    kind, name = given["type"], given["name"]
    fixed = name in _AUDIT_NAMES or kind in COMPOUND_TYPES or kind == "id"
    fixed = fixed or bool(given.get("calculated") or given.get("auto_number"))
    never_null = (name in _AUDIT_NAMES) or kind in {"id", "boolean"} or bool(given.get("auto_number"))
    defaulted = name in _AUDIT_NAMES or kind in {"id", "boolean"} or bool(given.get("auto_number"))
    calculated = bool(given.get("calculated"))
    return {
        "createable": not fixed,
        "updateable": not fixed,
        "nillable": (calculated and kind != "boolean") or not never_null,
        "defaulted_on_create": (defaulted and not calculated) or _has_default(given),
        "default_value": False if kind == "boolean" else _default_entry(given),
        "id_lookup": kind == "id" or bool(given.get("external_id")),
    }


def _default_entry(given: Mapping[str, Any]) -> str | None:
    return next((entry.value for entry in given.get("picklist_values", ()) if entry.default_value), None)


def _has_default(given: Mapping[str, Any]) -> bool:
    if any(value.default_value for value in given.get("picklist_values", ())):
        return True
    return given.get("default_value") is not None or given.get("default_value_formula") is not None


def _reference(given: Mapping[str, Any]) -> dict[str, Any]:
    targets = given.get("reference_to", ())
    is_reference = given["type"] == "reference" and bool(targets)
    return {
        "polymorphic_foreign_key": len(targets) > 1,
        "name_pointing": len(targets) > 1,
        "relationship_name": relationship_name(given["name"]) if is_reference else None,
        "search_prefilterable": is_reference and given["createable"] and given["name"] != "OwnerId",
    }


def relationship_name(field_name: str) -> str | None:
    """Name the parent relationship of a reference field: `X__c` gives `X__r`, `AccountId` gives `Account`."""
    if field_name.endswith("__c"):
        return field_name[:-1] + "r"
    return field_name[:-2] if field_name.endswith("Id") and len(field_name) > 2 else None


def _use(given: Mapping[str, Any]) -> dict[str, Any]:
    """Say which clauses of SOQL may name the field."""
    kind = given["type"]
    long_text = kind == "textarea" and given["length"] > SHORT_TEXT_LENGTH
    plain = not long_text and kind not in _OPAQUE
    whole = plain and kind not in COMPOUND_TYPES
    return {
        "filterable": plain,
        "sortable": whole and kind != "multipicklist",
        "groupable": whole and kind not in _UNGROUPABLE and not (given["calculated"] or given["auto_number"]),
        "aggregatable": whole and kind not in {"boolean", "multipicklist", "time", "anyType"},
    }


def _permission(given: Mapping[str, Any]) -> dict[str, Any]:
    """A field has field-level security unless the system needs it: required, name, audit and read-only standard."""
    if given["type"] in COMPOUND_TYPES:
        return {"permissionable": True}
    if given["name_field"] or given["type"] == "id" or given["relationship_order"] is not None:
        return {"permissionable": False}
    if given["custom"]:
        return {"permissionable": bool(given["nillable"] or given["type"] == "boolean")}
    nullable = given["nillable"] or given["type"] == "boolean"
    return {"permissionable": bool(nullable and given["createable"] and given["updateable"])}


_FOLLOWS_LENGTH = ("byte_length", "filterable", "sortable", "groupable", "aggregatable")
_FOLLOWS_TYPE = (
    *_FOLLOWS_LENGTH,
    *("length", "precision", "scale", "digits", "soap_type", "query_by_distance", "extra_type_info", "default_value"),
    *("relationship_name", "search_prefilterable", "polymorphic_foreign_key", "name_pointing", "mask", "mask_type"),
    *("encrypted", "html_formatted", "picklist_values", "reference_to", "defaulted_on_create", "nillable"),
)
_FOLLOWS = {
    "length": _FOLLOWS_LENGTH,
    "calculated": ("createable", "updateable", "groupable", "nillable", "defaulted_on_create", "permissionable"),
    "auto_number": ("createable", "updateable", "groupable", "nillable", "defaulted_on_create", "permissionable"),
    "external_id": ("id_lookup",),
    "nillable": ("permissionable",),
    "reference_to": ("polymorphic_foreign_key", "name_pointing"),
    "picklist_values": ("defaulted_on_create", "default_value"),
    "default_value": ("defaulted_on_create",),
    "controller_name": ("dependent_picklist",),
}


def dependents(kind: str, changes: Mapping[str, Any]) -> set[str]:
    """Name the attributes that must be derived again after these changes to a field of that type."""
    names = {follower for change in changes for follower in _FOLLOWS.get(change, ())}
    if changes.get("type", kind) != kind:
        names |= set(_FOLLOWS_TYPE)
    return names
