"""Lists of changes in one transaction, as the control plane and the loader give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.dml import lead_conversion, removal
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.dml.validate import record_id_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.store import Store

OPERATIONS = ("create", "update", "upsert", "delete", "undelete", "hard_delete", "merge", "touch", "convert")
Result = dict[str, Any]


def apply_changes(store: Store, changes: Iterable[Mapping[str, Any]], actor: Actor) -> list[Result]:
    """Apply changes in order, each on its own savepoint; a refused one leaves the others standing."""
    records = Records(store, actor)
    results = []
    with store.transaction():
        for change in changes:
            try:
                with store.transaction():
                    results.append(_apply(records, change))
            except ApiError as error:
                results.append({"id": change.get("id"), "success": False, "errors": [error.row_error()]})
    return results


def _apply(records: Records, change: Mapping[str, Any]) -> Result:
    operation = change.get("op")
    if operation not in OPERATIONS:
        raise ApiError("INVALID_OPERATION", f"unknown op {operation}; valid ops are: {', '.join(OPERATIONS)}")
    sobject = records.object(change.get("object") or _object_of(records, change))
    if operation == "create":
        given = dict(change.get("values") or {})
        if change.get("id"):
            given["Id"] = change["id"]
        return _done(records.create(sobject, given), created=True)
    if operation == "upsert":
        field = records.external_field(sobject, str(change.get("external_id_field") or "Id"))
        record_id, is_new = records.upsert(sobject, field, change.get("values") or {})
        return _done(record_id, created=is_new)
    if operation == "merge":
        return _merge(records, sobject, change)
    if operation == "convert":
        return _convert(records, change)
    if change.get("ids") is not None:
        for text in change["ids"]:
            _apply_to_one(records, operation, sobject, record_id_of(sobject, text), change)
        return _done(None)
    record_id = record_id_of(sobject, change.get("id"))
    _apply_to_one(records, operation, sobject, record_id, change)
    return _done(record_id)


def _object_of(records: Records, change: Mapping[str, Any]) -> str | None:
    record_id = ids.normalise(change.get("id") or change.get("master_id"))
    found = records.store.schema.by_prefix(record_id) if record_id else None
    return found.name if found else None


def _apply_to_one(
    records: Records, operation: str, sobject: SObject, record_id: str, change: Mapping[str, Any]
) -> None:
    match operation:
        case "update":
            records.update(sobject, record_id, change.get("values") or {})
        case "delete":
            records.delete(sobject, record_id)
        case "undelete":
            removal.undelete(records, sobject, record_id)
        case "hard_delete":
            removal.hard_delete(records, sobject, record_id)
        case "touch":
            records.touch(sobject, record_id)


def _merge(records: Records, sobject: SObject, change: Mapping[str, Any]) -> Result:
    master_id = record_id_of(sobject, change.get("master_id") or change.get("id"))
    losers = [record_id_of(sobject, text) for text in change.get("ids") or ()]
    removal.merge(records, sobject, master_id, losers)
    return _done(master_id)


def _convert(records: Records, change: Mapping[str, Any]) -> Result:
    """Convert a lead; `values` holds the elements of convertLead(), of which only the lead's id is needed."""
    given = {"convertedStatus": lead_conversion.default_status(records), **(change.get("values") or {})}
    done = lead_conversion.convert(records, lead_conversion.LeadConvert.read({"leadId": change.get("id"), **given}))
    return _done(done.lead_id) | {
        "accountId": done.account_id,
        "contactId": done.contact_id,
        "opportunityId": done.opportunity_id,
    }


def _done(record_id: str | None, *, created: bool = False) -> Result:
    result: Result = {"id": record_id, "success": True, "errors": []}
    return result | {"created": True} if created else result
