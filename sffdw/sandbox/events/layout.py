"""The layout of an object's change events: which fields they carry, how values look in them, the id of their schema.

Compound fields (names of persons, addresses, geolocations) are nested; formulas, copies of other records' fields and
Id, SystemModstamp and IsDeleted are no part of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.schema.person_fields import is_person_field
from sffdw.sandbox.store.masks import masked
from sffdw.sandbox.values import to_answer

LEFT_OUT = frozenset(
    (
        *("Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "IsEmailBounced"),
        *("LastActivityDate", "LastViewedDate", "LastReferencedDate", "IsArchived", "IsPartner", "IsCustomerPortal"),
        *("ChannelProgramName", "ChannelProgramLevelName", "Fiscal", "FiscalYear", "FiscalQuarter"),
        *("HasOpenActivity", "HasOverdueTask"),
    )
)
_LEFT_OUT_OF = frozenset({("Account", "IsPersonAccount")})
_AUDIT = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"})
_PARTS = (
    *("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode"),
    *("Latitude", "Longitude", "GeocodeAccuracy"),
)
_PERSON = frozenset({"Salutation", "FirstName", "LastName", "MiddleName", "Suffix"})


@dataclass(frozen=True)
class Place:
    """Where a stored field stands in an event: at the top, or as a part of a compound field."""

    field: Field
    top: str
    part: str | None = None

    @property
    def path(self) -> str:
        """The name that the lists of a header give."""
        return self.top if self.part is None else f"{self.top}.{self.part}"


class Layout:
    """The layout of one definition of an object."""

    def __init__(self, sobject: SObject) -> None:
        self.sobject = sobject
        nested = {field.name for field in sobject.fields if field.is_compound or field.is_person_name}
        fields = (field for field in sobject.fields if (sobject.name, field.name) not in _LEFT_OUT_OF)
        placed = ((field.name, _place(field, nested)) for field in fields)
        self.places: dict[str, Place] = {name: place for name, place in placed if place is not None}

        self.encrypted = {name: place.field for name, place in self.places.items() if _is_encrypted(place.field)}
        self._checkboxes = tuple(name for name, place in self.places.items() if place.field.type == "boolean")

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.sobject.name

    @cached_property
    def schema_id(self) -> str:
        """The id of the schema: 22 characters that change whenever the fields do."""
        parts = (f"{place.path} {place.field.type}" for place in self.places.values())
        digest = hashlib.md5("\n".join([self.name, *parts]).encode(), usedforsecurity=False).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def carried(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return of a whole record what a full event carries: every field that is not empty.

        A checkbox that nobody set is unchecked, not empty.
        """
        unchecked = dict.fromkeys(self._checkboxes, 0)
        full = unchecked | {name: value for name, value in values.items() if value is not None and name in self.places}
        if self.name != "Account" or values.get("IsPersonAccount"):
            return full
        return {name: value for name, value in full.items() if not is_person_field(name)}

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body that holds these stored values, in the order of the schema."""
        body: dict[str, Any] = {}
        for name, place in self.places.items():
            if name not in values:
                continue
            value = shown(place.field, values[name])
            if place.part is None:
                body.setdefault(place.top, value)
            elif isinstance(body.get(place.top), dict):
                body[place.top][place.part] = value
            else:  # the name of a person account stands in place of that of a business account
                body[place.top] = {place.part: value}
        return body

    def paths(self, names: Iterable[str]) -> list[str]:
        """Return the names of fields as the lists of a header give them, LastModifiedDate first."""
        paths = [self.places[name].path for name in names if name in self.places]
        if any(path.startswith("Name.") for path in paths):
            paths = [path for path in paths if path != "Name"]
        return sorted(paths, key=lambda path: path != "LastModifiedDate")

    def masked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return a payload as a subscriber sees it who may not view encrypted data."""
        return {name: self._shown_masked(name, value) for name, value in payload.items()}

    def _shown_masked(self, name: str, value: Any) -> Any:
        found = self.encrypted.get(name)
        return value if found is None else masked(value, str(found.mask_type), str(found.mask))

    def readable(self, payload: Mapping[str, Any], unreadable: Iterable[str]) -> dict[str, Any]:
        """Return a payload without the fields (by API name) that a subscriber may not read."""
        gone = {self.places[name].path for name in unreadable if name in self.places}
        kept: dict[str, Any] = {}
        for name, value in payload.items():
            if name == "ChangeEventHeader":
                kept[name] = {key: _without(key, item, gone) for key, item in value.items()}
            elif isinstance(value, dict):
                parts = {part: item for part, item in value.items() if f"{name}.{part}" not in gone}
                kept |= {name: parts} if parts else {}
            elif name not in gone:
                kept[name] = value
        return kept


def _without(key: str, item: Any, gone: set[str]) -> Any:
    return [path for path in item if path not in gone] if key.endswith("Fields") else item


def _place(field: Field, nested: set[str]) -> Place | None:
    if (
        field.name in LEFT_OUT
        or field.name.endswith("PhotoUrl")
        or (field.hidden and field.name not in _AUDIT)
        or _follows_from_others(field)
    ):
        return None
    compound = field.compound_field_name
    if field.name in _PERSON and compound == "Name":
        return Place(field, compound, field.name)
    if compound in nested and compound != field.name:
        return Place(field, str(compound), _part_name(field.name))
    return Place(field, field.name)


def _is_encrypted(field: Field) -> bool:
    return field.type == "encryptedstring"


def _follows_from_others(field: Field) -> bool:
    return (
        field.calculated
        or field.derived_from is not None
        or field.is_compound
        or field.is_person_name
        or field.type == "base64"
    )


def _part_name(name: str) -> str:
    bare = name.removesuffix("__s").removesuffix("__pc")
    return max((part for part in _PARTS if bare.endswith(part)), key=len, default=bare)


def shown(field: Field, value: Any) -> Any:
    """Return a stored value as events show it."""
    if field.type == "datetime" and isinstance(value, str):
        return value.replace("+0000", "Z")
    return to_answer(field, value)


class Layouts:
    """Layouts by object, made anew when a definition changes."""

    def __init__(self) -> None:
        self._known: dict[str, Layout] = {}

    def of(self, sobject: SObject) -> Layout:
        """Return the layout of an object as it is defined now."""
        known = self._known.get(sobject.name)
        if known is None or known.sobject is not sobject:
            known = self._known[sobject.name] = Layout(sobject)
        return known
