"""Validation rules of an object: a record that meets a rule's condition is refused with the rule's message."""

from __future__ import annotations

from collections.abc import Mapping

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.store import Store


def check_rules(store: Store, sobject: SObject, values: Mapping[str, object]) -> None:
    """Raise FIELD_CUSTOM_VALIDATION_EXCEPTION for the first active rule whose condition is true."""
    if not any(rule.active for rule in sobject.rules):
        return
    from sffdw.sandbox.formula.evaluate import is_true

    for rule in sobject.rules:
        if rule.active and is_true(rule.condition, sobject, values, store):
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=[rule.field] if rule.field else [])
