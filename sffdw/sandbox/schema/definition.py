"""Read definitions of objects: an org's own describe, or the short form {name, fields: [{name, type}]}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sffdw.sandbox.schema.dependencies import settle
from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, make_field
from sffdw.sandbox.schema.record_types import FIELD, MASTER, merge_record_types, record_type_field
from sffdw.sandbox.schema.rules import label_of
from sffdw.sandbox.schema.sobject import FLAG_NAMES, ChildRelationship, RecordTypeEntry, SObject, ValidationRule

_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_USER_LABELS = {"CreatedById": "Created By ID", "LastModifiedById": "Last Modified By ID"}
_LABELS = {"Id": "Record ID", "IsDeleted": "Deleted", "OwnerId": "Owner ID", "LastActivityDate": "Last Activity"}


def is_describe(definition: Mapping[str, Any]) -> bool:
    """Whether this is an org's own describe rather than the short form."""
    return "fields" in definition and ("childRelationships" in definition or "keyPrefix" in definition)


def read_definition(definition: Mapping[str, Any]) -> SObject:
    """Build an object; the key prefix is None when none is stated. Raises SchemaError."""
    name = definition.get("name")
    if not isinstance(name, str) or not _API_NAME.match(name):
        raise SchemaError(f'invalid object name "{name}"')
    stated = definition.get("fields") or []
    if not isinstance(stated, Sequence) or not all(isinstance(item, Mapping) for item in stated):
        raise SchemaError(f'the fields of object "{name}" must be a list of objects')
    from_org = is_describe(definition)
    given = tuple(make_field(item, lenient=from_org) for item in stated)
    sobject = SObject(
        name=name,
        label=definition.get("label") or label_of(name),
        label_plural=definition.get("labelPlural") or f"{definition.get('label') or label_of(name)}s",
        key_prefix=definition.get("keyPrefix"),
        fields=settle(_with_system_fields(name, given, hidden=from_org)),
        **_flags(name, definition),
        **_lists(definition),
    )
    _refuse_duplicates(sobject)
    stated_types = definition.get("recordTypes")
    return sobject if stated_types is None else with_record_types(sobject, stated_types)


def with_record_types(sobject: SObject, stated: Iterable[str | Mapping[str, Any]]) -> SObject:
    """Give an object record types and the field for them. Raises SchemaError."""
    typed = replace(sobject, record_types=merge_record_types(sobject.record_types, stated))
    if typed.stored_field(FIELD) is not None:
        return typed
    return replace(typed, fields=(*typed.fields, record_type_field()))


def _flags(name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    read = {"name", "label", "label_plural", "key_prefix"}
    flags = {attr: definition[wire] for attr, wire in FLAG_NAMES.items() if wire in definition and attr not in read}
    if "bulkSupported" in definition:
        flags["bulk_supported"] = bool(definition["bulkSupported"])
    if "requiredFilter" in definition:
        flags["required_filter"] = tuple(definition["requiredFilter"])
    return {"custom": name.endswith("__c")} | flags


def _lists(definition: Mapping[str, Any]) -> dict[str, Any]:
    scopes = definition.get("supportedScopes")
    infos = definition.get("recordTypeInfos")
    everything = ("everything", f"All {str(definition.get('labelPlural') or definition['name']).lower()}")
    return {
        "supported_scopes": tuple((scope["name"], scope["label"]) for scope in scopes or ())
        if scopes is not None
        else (everything,),
        "record_types": tuple(_record_type(info) for info in infos) if infos is not None else (MASTER,),
        "action_overrides": tuple(definition.get("actionOverrides") or ()),
        "named_layout_infos": tuple(definition.get("namedLayoutInfos") or ()),
        "rules": tuple(read_rule(rule) for rule in definition.get("rules") or ()),
        "stated_children": tuple(_child(item) for item in definition.get("childRelationships") or ()),
    }


def _record_type(info: Mapping[str, Any]) -> RecordTypeEntry:
    return RecordTypeEntry(
        name=info["name"],
        developer_name=info.get("developerName") or info["name"].replace(" ", "_"),
        record_type_id=info.get("recordTypeId") or (MASTER.record_type_id if info.get("master") else ""),
        active=bool(info.get("active", True)),
        available=bool(info.get("available", True)),
        default_record_type_mapping=bool(info.get("defaultRecordTypeMapping", False)),
        master=bool(info.get("master", False)),
    )


def _child(item: Mapping[str, Any]) -> ChildRelationship:
    return ChildRelationship(
        child_object=item["childSObject"],
        field=item["field"],
        relationship_name=item.get("relationshipName"),
        cascade_delete=bool(item.get("cascadeDelete", False)),
        restricted_delete=bool(item.get("restrictedDelete", False)),
    )


def read_rule(stated: Mapping[str, Any]) -> ValidationRule:
    """Read {name?, condition, message, field?, active?}."""
    try:
        condition, message = str(stated["condition"]), str(stated["message"])
    except KeyError as missing:
        raise SchemaError(f"a validation rule needs {missing}") from None
    name = str(stated.get("name") or f"rule on {stated.get('field') or 'the record'}")
    return ValidationRule(
        name=name,
        condition=condition,
        message=message,
        field=stated.get("field"),
        active=bool(stated.get("active", True)),
    )


def _with_system_fields(object_name: str, given: tuple[Field, ...], *, hidden: bool) -> tuple[Field, ...]:
    """Add what every object stores; a describe that lacks them has them hidden, so it is shown as given."""
    known = {field.name.lower() for field in given}
    before, after = system_fields(object_name, owned=not any(field.is_master_detail for field in given))
    lacking_before = tuple(field for field in before if field.name.lower() not in known)
    lacking_after = tuple(field for field in after if field.name.lower() not in known)
    if hidden:
        names_record = any(field.name_field for field in given)
        lacking = (field for field in lacking_before + lacking_after if not (field.name_field and names_record))
        return given + tuple(replace(field, hidden=True) for field in lacking if field.name not in _OPTIONAL)
    if any(field.name_field for field in given):
        lacking_before = tuple(field for field in lacking_before if not field.name_field)
    return lacking_before + _system_first(given, before) + lacking_after


_OPTIONAL = frozenset({"OwnerId", "LastViewedDate", "LastReferencedDate"})


def _system_first(given: tuple[Field, ...], before: tuple[Field, ...]) -> tuple[Field, ...]:
    leading = {field.name.lower() for field in before}
    return tuple(sorted(given, key=lambda field: field.name.lower() not in leading))


def system_fields(object_name: str, *, owned: bool) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Give the fields that stand before and after the object's own ones in a describe of a custom object."""
    owner = [_owner(object_name)] if owned else []
    name = make_field(
        {"name": "Name", "type": "string", "length": 80, "nameField": True, "idLookup": True, "defaultedOnCreate": True}
    )
    before = (_plain("Id", "id"), *owner, _plain("IsDeleted", "boolean"), name)
    after = (
        _plain("CreatedDate", "datetime"),
        _user("CreatedById"),
        _plain("LastModifiedDate", "datetime"),
        _user("LastModifiedById"),
        _plain("SystemModstamp", "datetime"),
        _viewed("LastViewedDate"),
        _viewed("LastReferencedDate"),
    )
    return before, after


def _plain(name: str, kind: str) -> Field:
    label = _LABELS.get(name, label_of(name))
    return make_field({"name": name, "type": kind, "label": label})


def _user(name: str) -> Field:
    return make_field({"name": name, "type": "reference", "referenceTo": ["User"], "label": _USER_LABELS[name]})


def _owner(object_name: str) -> Field:
    return make_field(
        {
            "name": "OwnerId",
            "type": "reference",
            "label": "Owner ID",
            "referenceTo": ["Group", "User"],
            "nillable": False,
            "defaultedOnCreate": True,
        }
    )


def _viewed(name: str) -> Field:
    return make_field({"name": name, "type": "datetime", "createable": False, "updateable": False})


def _refuse_duplicates(sobject: SObject) -> None:
    seen: set[str] = set()
    for field in sobject.fields:
        if field.name.lower() in seen:
            raise SchemaError(f'object "{sobject.name}" has two fields named "{field.name}"')
        if not _API_NAME.match(field.name):
            raise SchemaError(f'invalid field name "{field.name}" on object "{sobject.name}"')
        seen.add(field.name.lower())
