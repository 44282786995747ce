"""The objects that the storm rages over, and what a record of them holds.

Every record carries a marker that names its identity, a version that only grows, a note, and a seal over the three: a
row that holds another record's data, or parts of two versions, gives itself away.
"""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]
NOTES = ("plain", "N/A", "NULL", "it's \"quoted\"", "a,b;c", "01234", "Grüße 🌧", "line\nbreak", "\\N", "5.0",
         "x" * 250, "")
STAGES = ("Prospecting", "Closed Won", "Closed Lost")
LEAST_AMOUNT = 500
PROOF: tuple[Mapping[str, Any], ...] = (
    {"name": "Marker__c", "type": "string", "length": 80},
    {"name": "Version__c", "type": "double", "precision": 18, "scale": 0},
    {"name": "Note__c", "type": "string", "length": 255},
    {"name": "Seal__c", "type": "string", "length": 32},
)
STAMPS = ("CreatedDate", "SystemModstamp")
PROVEN = tuple(str(field["name"]) for field in PROOF)


@dataclass(frozen=True)
class Kind:
    """One mapped object: how often it is changed, how it is mapped, and which fields are compared in the end."""

    name: str
    weight: int
    fields: tuple[str, ...]
    mapping: Mapping[str, Any]
    is_stamped: bool = True
    is_mergeable: bool = False
    excused: str = "false"

    @property
    def table(self) -> str:
        return f"salesforce.{self.name.lower()}"

    @property
    def compared(self) -> tuple[str, ...]:
        return (*self.fields, *PROVEN, *(STAMPS if self.is_stamped else ()))

    def is_mapped(self, record: Mapping[str, Any]) -> bool:
        """The row filter once more, as this program understands it."""
        if "row_filter" not in self.mapping:
            return True
        return (record["Amount"] is not None and record["Amount"] >= LEAST_AMOUNT
                and record["StageName"] != "Closed Lost")


KINDS = (
    Kind("Account", 25, ("Name", "Phone", "External_Id__c"), {"unique_identifier": "External_Id__c"},
         is_mergeable=True),
    Kind("Contact", 30, ("LastName", "AccountId"), {"accelerated": True}, is_mergeable=True),
    Kind("Opportunity", 20, ("Name", "StageName", "Amount", "CloseDate", "AccountId"),
         {"row_filter": f"amount >= {LEAST_AMOUNT} AND stagename <> 'Closed Lost'"}),
    Kind("Wave__c", 20, ("Name", "Height__c", "Seen_At__c", "Is_High__c"), {"types": "precise"}),
    # Has neither IsDeleted, and hence no recycle bin, nor any time: each poll compares all of it.
    Kind("Plain__c", 5, ("Name",), {}, is_stamped=False),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def define(call: Any) -> None:
    """Bring the org's definitions to what KINDS says, over the control plane."""
    call("POST", "/objects", {"name": "Wave__c", "fields": [
        {"name": "Height__c", "type": "double", "precision": 16, "scale": 4},
        {"name": "Seen_At__c", "type": "datetime"}, {"name": "Is_High__c", "type": "boolean"}]})
    call("POST", "/objects", {"name": "Plain__c", "fields": []})
    call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "External_Id__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    for kind in KINDS:
        call("PATCH", f"/objects/{kind.name}", {"add_fields": list(PROOF)})
    call("PATCH", "/objects/Plain__c", {"hide_fields": [*STAMPS, "LastModifiedDate", "IsDeleted"]})


def seal(marker: str, version: int, note: str | None) -> str:
    """The seal over what identifies a version; an empty note is none, as in Salesforce."""
    return hashlib.md5(f"{marker}|{version}|{note or ''}".encode(), usedforsecurity=False).hexdigest()


def proof(marker: str, version: int, dice: random.Random) -> Values:
    note = f"{dice.choice(NOTES)}"
    return {"Marker__c": marker, "Version__c": version, "Note__c": note or None, "Seal__c": seal(marker, version, note)}


def fresh_values(kind: Kind, number: int, dice: random.Random, parents: list[str]) -> Values:
    """Values of a new record, which is the `number`th of this run."""
    parent = dice.choice(parents) if parents and dice.random() < 0.7 else None
    match kind.name:
        case "Account":
            own: Values = {"Name": f"A {number}", "External_Id__c": f"X{number}" if dice.random() < 0.8 else None}
        case "Contact":
            own = {"LastName": f"C {number}", "AccountId": parent}
        case "Opportunity":
            own = {"Name": f"O {number}", "AccountId": parent, "CloseDate": "2026-12-01", **moved(kind, dice)}
        case _:
            own = {"Name": f"W {number}", **moved(kind, dice)}
    return own | proof(f"{kind.name}:{number}", 1, dice)


def moved(kind: Kind, dice: random.Random) -> Values:
    """What an update changes beside the proof."""
    match kind.name:
        case "Account":
            return {"Phone": f"+49 {dice.randrange(10**6)}"}
        case "Opportunity":
            return {"Amount": dice.choice([None, 1, 499.99, 500, 1000, 12345.67]), "StageName": dice.choice(STAGES)}
        case "Wave__c":
            return {"Height__c": dice.randrange(10**6) / 10**4, "Is_High__c": dice.random() < 0.5,
                    "Seen_At__c": f"2026-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}T12:00:0{dice.randint(0, 9)}.000Z"}
        case _:
            return {}
