"""Person accounts: an Account that is a person, and the Contact behind it that has the same values.

Account and Contact each store the values; every change of the account is carried on to its contact, which nobody may
change by itself. In orgs without the feature none of this does anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml import derived
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.record_types import entries_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.schema.features import PERSON_ACCOUNTS
from sffdw.sandbox.schema.person_fields import NAME_PARTS, account_name, is_person_field
from sffdw.sandbox.schema.record_types import FIELD
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

FLAG, CONTACT = "IsPersonAccount", "PersonContactId"
_SHARED = NAME_PARTS | {"Phone", "Fax", "OwnerId", "CurrencyIsoCode"}  # fields of one name on both sides


def concerns(store: Store, sobject: SObject, name: str = "Account") -> bool:
    """Tell whether an object is Account (or Contact) of an org with person accounts."""
    return sobject.name == name and PERSON_ACCOUNTS in store.schema.features


def is_person_type(store: Store, record_type_id: object) -> bool:
    """Tell whether a record type is one of persons."""
    kind = store.schema.get("RecordType")
    if record_type_id is None or kind is None or kind.stored_field("IsPersonType") is None:
        return False
    sql = f'SELECT "IsPersonType" FROM {table_name(kind)} WHERE "Id" = ?'
    row = store.remember(sql + str(record_type_id), lambda: store.reader.execute(sql, (record_type_id,)).fetchone())
    return bool(row and row[0])


# Before a record is written


def before_create(store: Store, sobject: SObject, values: Values, actor: Actor) -> None:
    """Decide whether a new account is a person, check that it says what it may, and name it."""
    if concerns(store, sobject, "Contact"):
        _refuse_contact_of_person(store, values, actor)
    if not concerns(store, sobject):
        return
    is_person = _is_new_person(store, sobject, values, actor)
    values[FLAG] = int(is_person)
    _check_fields(values, actor, is_person=is_person)
    if is_person:
        if values.get("LastName") is None and not actor.is_raw:
            raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields=["LastName"])
        values["Name"] = derived.full_name(values) or values.get("Name")


def _is_new_person(store: Store, sobject: SObject, values: Values, actor: Actor) -> bool:
    """The record type says it; without one the fields do, and the account gets the type that fits."""
    if actor.is_raw and values.get(FLAG) is not None:
        return bool(values[FLAG])
    if values.get(FIELD) is not None:
        return is_person_type(store, values[FIELD])
    entries = actor.access.record_types_of(sobject, entries_of(store, sobject))
    usable = [entry for entry in entries if entry.active and entry.available and not entry.master]
    of_persons = [entry for entry in usable if is_person_type(store, entry.record_type_id)]
    by_default = any(entry.default_record_type_mapping for entry in of_persons)
    is_person = values.get("Name") is None and (by_default or any(is_person_field(name) for name in values))
    fitting = [entry for entry in usable if (entry in of_persons) == is_person]
    fitting.sort(key=lambda entry: not entry.default_record_type_mapping)
    if fitting and is_person != by_default:
        values[FIELD] = fitting[0].record_type_id
    return is_person


def _check_fields(values: Mapping[str, Any], actor: Actor, *, is_person: bool) -> None:
    if actor.is_raw:
        return
    wrong = [name for name in values if (name == "Name" if is_person else is_person_field(name))]
    if wrong:
        message = f"Account: bad field names on insert/update call: {', '.join(wrong)}"
        raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=wrong)


def before_update(store: Store, sobject: SObject, values: Values, before: Mapping[str, Any], actor: Actor) -> None:
    """Check a change of an account, and of contacts that are persons, which change with their account only."""
    if concerns(store, sobject, "Contact"):
        if before.get(FLAG) and not actor.is_raw:
            raise _refused("the contact of a person account is changed through the account")
        _refuse_contact_of_person(store, values, actor)
    if not concerns(store, sobject):
        return
    is_person = bool(before.get(FLAG))
    _check_fields(values, actor, is_person=is_person)
    chosen = values.get(FIELD)
    if chosen is not None and not actor.is_raw and is_person_type(store, chosen) != is_person:
        message = "Record Type ID: an account of a company and one of a person cannot be turned into each other"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=[FIELD])
    if is_person and NAME_PARTS & values.keys():
        if values.get("LastName", before.get("LastName")) is None and not actor.is_raw:
            raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields=["LastName"])
        values["Name"] = derived.full_name({**before, **values})


def _refuse_contact_of_person(store: Store, values: Mapping[str, Any], actor: Actor) -> None:
    account = store.get(store.schema["Account"], str(values["AccountId"])) if values.get("AccountId") else None
    if account is not None and account.get(FLAG) and not actor.is_raw:
        raise _refused("a person account cannot have contacts")


def before_delete(store: Store, sobject: SObject, record_id: str, actor: Actor) -> None:
    """A person's contact goes with its account only."""
    if not concerns(store, sobject, "Contact") or actor.is_raw:
        return
    found = store.get(sobject, record_id)
    if found is not None and found.get(FLAG):
        raise _refused("the contact of a person account is deleted with the account")


def before_merge(records: Records, sobject: SObject, rows: Iterable[Mapping[str, Any]]) -> None:
    """Persons merge with persons, and their contacts not by themselves."""
    kinds = {bool(row.get(FLAG)) for row in rows}
    if concerns(records.store, sobject) and len(kinds) > 1:
        raise _refused("accounts of companies and of persons cannot be merged with each other")
    if concerns(records.store, sobject, "Contact") and True in kinds:
        raise _refused("the contacts of person accounts are merged with the accounts")


def _refused(text: str) -> ApiError:
    return ApiError("INVALID_PERSON_ACCOUNT_OPERATION", text, fields=[])


# The contact


def name_contact(store: Store, sobject: SObject, values: Values) -> None:
    """Say which contact a new person will have."""
    if concerns(store, sobject) and values.get(FLAG) and values.get(CONTACT) is None:
        values[CONTACT] = store.new_id(store.schema["Contact"])


def after_save(records: Records, before: Mapping[str, Any], account: Mapping[str, Any], values: Values) -> None:
    """Make the contact of a new person, or carry on to it what was changed."""
    if account.get(FLAG) and account.get(CONTACT) is not None:
        _follow(records.store, records.actor, before, account, values)


def _follow(
    store: Store, actor: Actor, before: Mapping[str, Any], account: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    contact, contact_id = store.schema["Contact"], str(account[CONTACT])
    given = account if not before else values
    mirrored = {
        theirs.name: _value(theirs, given[ours])
        for ours, theirs in _pairs(store.schema["Account"], contact)
        if ours in given
    }
    if store.is_deleted(contact, contact_id) is None:
        _create(store, actor, contact, contact_id, {**mirrored, "AccountId": account["Id"], FLAG: 1})
    elif mirrored and before:
        derived.set_person_name(contact, mirrored, store.get(contact, contact_id) or {})
        stamps = {"LastModifiedDate": actor.at, "LastModifiedById": actor.user_id, "SystemModstamp": actor.at}
        store.update(contact, contact_id, {**mirrored, **stamps})


def complete(store: Store, actor: Actor) -> int:
    """Give persons that were loaded without one their contact; returns how many."""
    account, contact = store.schema.get("Account"), store.schema.get("Contact")
    if account is None or contact is None or not concerns(store, account):
        return 0
    sql = f'SELECT "Id" FROM {table_name(account)} WHERE "{FLAG}" = 1 AND "{CONTACT}" IS NULL AND _deleted = 0'
    lonely = [record_id for (record_id,) in store.reader.execute(sql).fetchall()]
    if lonely and store.recorder is not None:
        store.recorder.write_as(actor)
    loaded = f'SELECT "Id" FROM {table_name(contact)} WHERE "AccountId" = ? AND "{FLAG}" = 1 AND +_deleted = 0'
    for record_id in lonely:
        row = store.get(account, record_id) or {}
        known = store.reader.execute(loaded, (record_id,)).fetchone()
        missing = {CONTACT: known[0] if known else store.new_id(contact)}
        if row.get("Name") is None:
            missing["Name"] = derived.full_name(row)
        store.update(account, record_id, missing)
        if known is None:
            _follow(store, actor, {}, {**row, **missing}, row)
    return len(lonely)


def _pairs(account: SObject, contact: SObject) -> list[tuple[str, Field]]:
    """List the fields of Account with the fields of Contact that have the same values."""
    pairs = []
    for theirs in contact.fields:
        ours = theirs.name if theirs.name in _SHARED else f"Person{theirs.name}"
        if theirs.name.endswith(("__c", "__s")):
            ours = account_name(theirs.name)
        known = account.stored_field(ours)
        if known is not None and theirs.has_column and known.derived_from is None:
            pairs.append((ours, theirs))
    return pairs


def of_contact(account: SObject, contact: SObject, values: Mapping[str, Any]) -> Values:
    """Return what a contact's values are called on the account of a person."""
    names = {theirs.name: ours for ours, theirs in _pairs(account, contact)}
    return {names[name]: value for name, value in values.items() if name in names}


def _value(field: Field, value: Any) -> Any:
    return int(bool(value)) if field.type == "boolean" else value


def _create(store: Store, actor: Actor, contact: SObject, contact_id: str, values: Values) -> None:
    actor = replace(actor, is_raw=True)
    derived.set_defaults(store, contact, contact_id, values, actor)
    derived.set_person_name(contact, values, {})
    derived.set_audit(contact, values, actor, is_new=True)
    store.insert(contact, {**values, "Id": contact_id})
