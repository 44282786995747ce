"""Render objects as the describe resources show them: keys, order and types as recorded from real orgs.

Two keys came with later API versions: `associateEntityType`/`associateParentEntity` and `sobjectDescribeOption`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sffdw.sandbox.schema.sobject import FLAG_NAMES, ChildRelationship, RecordTypeEntry, SObject

# Keys of a describe that the sandbox has nothing to say about; real orgs answer the same for nearly all objects.
_CONSTANT = {
    "defaultImplementation": None,
    "extendedBy": None,
    "extendsInterfaces": None,
    "implementedBy": None,
    "implementsInterfaces": None,
    "listviewable": None,
    "lookupLayoutable": None,
}
_NOT_IN_GLOBAL = frozenset({"compactLayoutable", "networkScopeFieldName", "searchLayoutable"})
_ASSOCIATES = frozenset({"associateEntityType", "associateParentEntity"})
_ASSOCIATES_SINCE = 49.0
_DESCRIBE_OPTION_SINCE = 52.0


def describe_object(
    sobject: SObject,
    children: Iterable[ChildRelationship],
    *,
    version: str = "62.0",
    instance_url: str = "",
) -> dict[str, Any]:
    """Render the full describe; keys are alphabetical but for `urls`, as recorded."""
    shown = _flags(sobject, version) | _CONSTANT
    shown |= {
        "actionOverrides": list(sobject.action_overrides),
        "childRelationships": [child.describe() for child in children],
        "fields": [field.describe() for field in sobject.visible_fields],
        "namedLayoutInfos": list(sobject.named_layout_infos),
        "recordTypeInfos": [describe_record_type(sobject.name, entry, version) for entry in sobject.record_types],
        "supportedScopes": [{"label": label, "name": name} for name, label in sobject.supported_scopes],
    }
    if float(version) >= _DESCRIBE_OPTION_SINCE:
        shown["sobjectDescribeOption"] = "FULL"
    ordered = dict(sorted(shown.items()))
    return ordered | {"urls": _urls(sobject, version, instance_url)}


def describe_listing(sobject: SObject, *, version: str = "62.0") -> dict[str, Any]:
    """Render the entry of the global describe."""
    shown = {key: value for key, value in _flags(sobject, version).items() if key not in _NOT_IN_GLOBAL}
    ordered = dict(sorted(shown.items()))
    return ordered | {"urls": _urls(sobject, version, None)}


def _flags(sobject: SObject, version: str) -> dict[str, Any]:
    shown = {wire: getattr(sobject, name) for name, wire in FLAG_NAMES.items()}
    if float(version) < _ASSOCIATES_SINCE:
        return {key: value for key, value in shown.items() if key not in _ASSOCIATES}
    return shown


def describe_record_type(object_name: str, entry: RecordTypeEntry, version: str) -> dict[str, Any]:
    """Render one of the recordTypeInfos."""
    layout = f"/services/data/v{version}/sobjects/{object_name}/describe/layouts/{entry.record_type_id}"
    return {
        "active": entry.active,
        "available": entry.available,
        "defaultRecordTypeMapping": entry.default_record_type_mapping,
        "developerName": entry.developer_name,
        "master": entry.master,
        "name": entry.name,
        "recordTypeId": entry.record_type_id,
        "urls": {"layout": layout},
    }


def _urls(sobject: SObject, version: str, instance_url: str | None) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{sobject.name}"
    urls: dict[str, str] = {}
    if sobject.compact_layoutable:
        urls["compactLayouts"] = f"{base}/describe/compactLayouts"
    urls["rowTemplate"] = f"{base}/{{ID}}"
    if sobject.layoutable and sobject.mru_enabled:
        urls["approvalLayouts"] = f"{base}/describe/approvalLayouts"
    if instance_url is not None and sobject.layoutable and sobject.key_prefix:
        urls["uiDetailTemplate"] = f"{instance_url}/{{ID}}"
        urls["uiEditTemplate"] = f"{instance_url}/{{ID}}/e"
        urls["defaultValues"] = f"{base}/defaultValues?recordTypeId&fields"
    if sobject.mru_enabled:
        urls["listviews"] = f"{base}/listviews"
    urls["describe"] = f"{base}/describe"
    if instance_url is not None and sobject.layoutable and sobject.key_prefix:
        urls["uiNewRecord"] = f"{instance_url}/{sobject.key_prefix}/e"
    if sobject.layoutable:
        urls["quickActions"] = f"{base}/quickActions"
        urls["layouts"] = f"{base}/describe/layouts"
    return urls | {"sobject": base}
