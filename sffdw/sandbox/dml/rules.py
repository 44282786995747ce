"""Validation rules of an object: a record that meets a rule's condition is refused with the rule's message."""

from __future__ import annotations

from collections.abc import Mapping

from sffdw.sandbox import stamps
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.formula.compiler import FormulaCompiler, Prior
from sffdw.sandbox.formula.functions import as_boolean
from sffdw.sandbox.schema import SObject, ValidationRule
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tables import table_name


def check_rules(
    store: Store, sobject: SObject, record_id: str, before: Mapping[str, object] | None, actor: Actor
) -> None:
    """Judge a record that has just been written; raises FIELD_CUSTOM_VALIDATION_EXCEPTION for the first rule it meets.

    `before` is what the record was, None for a new one. The caller's savepoint undoes what was written.
    """
    for rule in sobject.rules:
        if rule.active and _is_met(store, sobject, rule, record_id, Prior(before), actor):
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=[rule.field] if rule.field else [])


def _settings(store: Store, actor: Actor) -> Settings:
    currencies = currencies_of(store, actor.user_id)
    return Settings(now=stamps.from_text(actor.at), user_id=actor.user_id, currencies=currencies)


def _is_met(store: Store, sobject: SObject, rule: ValidationRule, record_id: str, prior: Prior, actor: Actor) -> bool:
    statement = Statement("", store.schema, _settings(store, actor))
    scope = Scope(statement, sobject, ())
    condition = as_boolean(FormulaCompiler(scope, blank_is_zero=True, prior=prior).compile(rule.condition))
    source = f"{table_name(sobject)} {scope.alias}{scope.joins_sql()}"
    sql = f'SELECT {condition} FROM {source} WHERE {scope.alias}."Id" = {statement.bind(record_id)}'
    row = store.reader.execute(sql, statement.params).fetchone()
    return bool(row and row[0])
