"""Faults that strike single records of a change: locked rows and refusals by name.

They strike when the record has been changed, as triggers and rules do in an org, where the row is locked first; the
caller undoes the change.
"""

from __future__ import annotations

from sffdw.sandbox.call import Call
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject


def strike_record(call: Call, sobject: SObject, record_id: str | None, position: int) -> None:
    """Raise what a fault of this call says about the record at `position` (from 0) of the request."""
    locked = call.fault("row.locked")
    if locked and _is_struck(locked.params, position):
        shown = record_id or "1 records"
        raise ApiError(
            "UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {shown}", fields=[]
        )
    _check_duplicate_rule(call, sobject, position)
    refused = call.fault("dml.error")
    if refused and _is_struck(refused.params, position):
        raise ApiError(
            str(refused.params.get("code", "FIELD_CUSTOM_VALIDATION_EXCEPTION")),
            str(refused.params.get("message", "refused by a fault")),
            fields=list(refused.params.get("fields", ())),
        )


def _check_duplicate_rule(call: Call, sobject: SObject, position: int) -> None:
    """Refuse as a duplicate rule does, unless the caller allows saving."""
    rule = call.fault("duplicate.rule")
    allows = "allowsave=true" in call.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
    if rule is None or allows or not _is_struck(rule.params, position):
        return
    message = str(rule.params.get("message", "Use one of these records?"))
    result = {
        "allowSave": True,
        "duplicateRule": str(rule.params.get("rule", f"Standard_{sobject.name}_Duplicate_Rule")),
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": message,
        "matchResults": [],
    }
    raise ApiError("DUPLICATES_DETECTED", message, fields=[], extra={"duplicateResult": result})


def _is_struck(params: object, position: int) -> bool:
    every = int(params.get("every", 1)) if isinstance(params, dict) else 1
    return (position + 1) % max(1, every) == 0
