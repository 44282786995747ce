"""The objects that local sessions write, and what a row of them holds.

Every change but the inserts of equal rows carries a ticket, a number that no other change has. It is drawn while the
row is locked, so that of one record's changes the later committed has the higher. Remark__c belongs to the org's users.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROOF: tuple[Mapping[str, Any], ...] = (
    {"name": "Marker__c", "type": "string", "length": 80},
    {"name": "Ticket__c", "type": "double", "precision": 18, "scale": 0},
    {"name": "Remark__c", "type": "string", "length": 80},
)
PROVEN = tuple(str(one["name"]) for one in PROOF)
EXTERNAL_ID = "External_Id__c"


@dataclass(frozen=True)
class Target:
    """A mapped object that is written: its columns that every insert fills, and how it is mapped."""

    name: str
    label: str
    fields: tuple[str, ...]
    mapping: Mapping[str, Any] = field(default_factory=dict)
    own_fields: tuple[str, ...] = ()  # mapped, and not compared: they follow other records' fields
    # A row whose parent somebody has deleted meanwhile is refused for good: it stays FAILED, with the reason.
    excused: str = "sfid IS NULL AND _hc_lastop = 'FAILED' AND _hc_err::jsonb ->> 'message' <> ''"

    @property
    def table(self) -> str:
        return f"salesforce.{self.name.lower()}"

    @property
    def compared(self) -> tuple[str, ...]:
        return (*self.fields, *PROVEN)

    @property
    def mapped(self) -> tuple[str, ...]:
        return (*self.compared, *self.own_fields)

    def is_mapped(self, record: Mapping[str, Any]) -> bool:
        """No row filter here."""
        return bool(record)


ACCOUNT = Target("Account", "Name", ("Name", "Phone", EXTERNAL_ID), {"unique_identifier": EXTERNAL_ID})
CONTACT = Target("Contact", "LastName", ("LastName", "Phone", "AccountId"), own_fields=(f"Account.{EXTERNAL_ID}",))
WAVE = Target("Wave__c", "Name", ("Name", "Height__c"))
TARGETS = (ACCOUNT, CONTACT, WAVE)
# The storm is a mass of changes, and meant.
WRITTEN: Mapping[str, Any] = {"access": "read_write", "hold_threshold": 1_000_000}


def define(call: Any) -> None:
    """Bring the org's definitions to what TARGETS says, over the control plane."""
    call("POST", "/objects", {"name": WAVE.name, "fields": [
        {"name": "Height__c", "type": "double", "precision": 16, "scale": 4}]})
    call("PATCH", "/objects/Account", {"add_fields": [
        {"name": EXTERNAL_ID, "type": "string", "length": 80, "externalId": True, "unique": True}]})
    for target in TARGETS:
        call("PATCH", f"/objects/{target.name}", {"add_fields": list(PROOF)})
