"""Person accounts: the fields `X__pc` of Account that follow the custom fields `X__c` of Contact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sffdw.sandbox.schema.changes import SchemaChange
from sffdw.sandbox.schema.field import Field
from sffdw.sandbox.schema.sobject import SObject

NAME_PARTS = frozenset({"FirstName", "LastName", "MiddleName", "Suffix", "Salutation"})


def is_person_field(name: str) -> bool:
    """Tell whether a field of Account says something about persons only."""
    return name in NAME_PARTS or name.endswith("__pc") or (name.startswith("Person") and not name.endswith("__c"))


def account_name(contact_field: str) -> str:
    """Name the field of Account that shows a custom field of Contact: `X__c` as `X__pc`."""
    return f"{contact_field[:-1]}pc"


def follow_contact(
    account: SObject, contact: SObject, done: SchemaChange | None
) -> tuple[SObject, SchemaChange] | None:
    """Carry what was done to Contact's custom fields on to Account; None when nothing follows."""
    wanted = {account_name(field.name): _shown(field) for field in contact.fields if _is_custom(field.name)}
    stated = done or SchemaChange(object_name=contact.name, kind="altered")
    renamed = {account_name(old): account_name(new) for old, new in stated.renamed if _is_custom(old)}
    renamed = {old: new for old, new in renamed.items() if account.stored_field(old) is not None}
    dropped = {account_name(name) for name in stated.dropped if account.stored_field(account_name(name)) is not None}
    changed = {account_name(field.name) for field in stated.altered} | set(renamed.values())
    fields = tuple(_followed(field, renamed, wanted, changed) for field in account.fields if field.name not in dropped)
    known = {field.name for field in fields}
    new = {account_name(field.name) for field in stated.added}
    added = tuple(
        # An account that is shown as its describe says hides what that does not know.
        replace(field, hidden=field.hidden or (account.is_described and name not in new))
        for name, field in wanted.items()
        if name not in known
    )
    altered = tuple(field for field in fields if field.name in changed)
    if not (added or altered or dropped):
        return None
    change = SchemaChange(
        object_name=account.name,
        kind="altered",
        added=added,
        altered=altered,
        dropped=tuple(dropped),
        renamed=tuple(renamed.items()),
    )
    return replace(account, fields=fields + added), change


def _followed(field: Field, renamed: Mapping[str, str], wanted: Mapping[str, Field], changed: Collection[str]) -> Field:
    name = renamed.get(field.name, field.name)
    return wanted.get(name, field) if name in changed else field


def _is_custom(name: str) -> bool:
    return name.endswith(("__c", "__s"))


def _shown(field: Field) -> Field:
    """Make the account's side of a field; what nobody can write is read from the contact."""
    is_computed = field.calculated or field.auto_number
    return replace(
        field,
        name=account_name(field.name),
        compound_field_name=account_name(field.compound_field_name) if field.compound_field_name else None,
        controller_name=account_name(field.controller_name) if field.controller_name else None,
        relationship_name=f"{field.relationship_name[:-1]}pr" if field.relationship_name else None,
        child_relationship_name=None,
        unique=False,
        nillable=field.nillable or field.type != "boolean",
        auto_number=False,
        calculated=is_computed,
        calculated_formula=None,
        summary=None,
        createable=field.createable and not is_computed,
        updateable=field.updateable and not is_computed,
        derived_from=f"PersonContact.{field.name}" if is_computed else None,
    )
