"""Roll-up summaries: a field of a parent that counts, sums or takes the extreme of its children.

Their recalculation moves the parent's SystemModstamp and nothing else of its audit fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox import stamps
from sffdw.sandbox.dml import derived
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.soql.currencies import CODE
from sffdw.sandbox.soql.filters import Filter
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.store import Values
from sffdw.sandbox.store.tables import column_name, table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

_FUNCTIONS = {"count": "count(*)", "sum": "ifnull(sum({}), 0)", "min": "min({})", "max": "max({})"}


def follow(records: Records, child: SObject, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Recalculate the summaries of the parents that a child had and has."""
    for parent, summary in _summaries(records, child):
        reference = str((summary.summary or {}).get("field"))
        for parent_id in {before.get(reference), after.get(reference)} - {None}:
            _recalculate(records, parent, summary, child, reference, str(parent_id))


def recalculate(records: Records, parent: SObject, parent_id: str) -> None:
    """Recalculate the summaries of one record, whose currency is another now."""
    for field in parent.summary_fields:
        child = records.store.schema.get(str(field.summary["object"])) if field.summary is not None else None
        if child is not None and field.summary is not None:
            _recalculate(records, parent, field, child, str(field.summary["field"]), parent_id)


def _summaries(records: Records, child: SObject) -> Iterator[tuple[SObject, Field]]:
    for reference in child.reference_fields:
        for name in reference.reference_to:
            parent = records.store.schema.get(name)
            for field in parent.summary_fields if parent is not None else ():
                stated = field.summary
                if parent is not None and stated is not None and _is_about(stated, child, reference):
                    yield parent, field


def _is_about(stated: Mapping[str, Any], child: SObject, reference: Field) -> bool:
    return (
        str(stated["object"]).lower() == child.name.lower() and str(stated["field"]).lower() == reference.name.lower()
    )


def _recalculate(
    records: Records, parent: SObject, summary: Field, child: SObject, reference: str, parent_id: str
) -> None:
    store = records.store
    current = store.get(parent, parent_id)
    if current is None or current["IsDeleted"]:
        return
    value = _calculate(records, summary, child, reference, parent_id, current.get(CODE))
    if value == current.get(summary.name):
        return
    values: Values = {summary.name: value, **derived.changed_stamps(parent, records.actor)}
    store.update(parent, parent_id, values)
    follow(records, parent, current, {**current, **values})


def _calculate(
    records: Records, summary: Field, child: SObject, reference: str, parent_id: str, currency: str | None
) -> Any:
    stated = summary.summary or {}
    currencies = currencies_of(records.store)
    settings = Settings(now=stamps.from_text(records.actor.at), currencies=currencies)
    statement = Statement("", records.store.schema, settings)
    scope = Scope(statement, child, ())
    parts = [f"{scope.alias}.{column_name(reference)} = {statement.bind(parent_id)}", f"+{scope.alias}._deleted = 0"]
    if stated.get("filter"):
        condition = parse(f"SELECT Id FROM {child.name} WHERE {stated['filter']}").where
        if condition is not None:
            parts.append(Filter(scope).sql(condition))
    column = f"{scope.alias}.{column_name(str(stated['of']))}" if stated.get("of") else ""
    of = child.stored_field(str(stated.get("of") or ""))
    if currencies is not None and of is not None and of.type == "currency":
        code = f"{scope.alias}.{column_name(CODE)}" if child.stored_field(CODE) is not None else "NULL"
        converted = currencies.converted_sql(column, code, currency or currencies.corporate)
        column = f"round({converted}, {summary.scale})"
    function = _FUNCTIONS[str(stated.get("function", "count")).lower()].format(column)
    source = f"{table_name(child)} {scope.alias}{scope.joins_sql()}"
    sql = f"SELECT {function} FROM {source} WHERE {' AND '.join(parts)}"
    return records.store.reader.execute(sql, statement.params).fetchone()[0]
