"""Converting leads: into an account, a contact and (unless told not to) an opportunity.

Existing records that are named keep what they hold; only their empty fields are filled. What hung on the lead moves:
activities and campaign memberships. The lead stays, read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.access import FULL_ACCESS
from sffdw.sandbox.dml import derived, lead_mapping, persons
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.dml.validate import record_id_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.schema.features import PERSON_ACCOUNTS
from sffdw.sandbox.store.store import Values
from sffdw.sandbox.store.tables import column_name, table_name

_TRUE = frozenset({"true", "1"})


@dataclass(frozen=True)
class LeadConvert:
    """What one conversion is asked to do, as convertLead() has it."""

    lead_id: object
    converted_status: str | None = None
    account_id: object = None
    contact_id: object = None
    opportunity_id: object = None
    opportunity_name: str | None = None
    owner_id: object = None
    creates_opportunity: bool = True
    overwrites_lead_source: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> LeadConvert:
        """Read the elements of a LeadConvert by their names in the SOAP API; empty ones count as not given."""
        stated = {name: value for name, value in given.items() if value not in (None, "")}
        return cls(
            lead_id=stated.get("leadId"),
            converted_status=stated.get("convertedStatus"),
            account_id=stated.get("accountId"),
            contact_id=stated.get("contactId"),
            opportunity_id=stated.get("opportunityId"),
            opportunity_name=stated.get("opportunityName"),
            owner_id=stated.get("ownerId"),
            creates_opportunity=not _is_true(stated.get("doNotCreateOpportunity")),
            overwrites_lead_source=_is_true(stated.get("overwriteLeadSource")),
        )


@dataclass(frozen=True)
class Converted:
    """What a lead has become."""

    lead_id: str
    account_id: str
    contact_id: str
    opportunity_id: str | None


def _is_true(value: object) -> bool:
    return str(value).lower() in _TRUE


def convert(records: Records, wanted: LeadConvert) -> Converted:
    """Convert one lead within the caller's savepoint; raises ApiError where Salesforce refuses."""
    conversion = _Conversion(records, wanted)
    account_id = conversion.account()
    contact_id = conversion.contact(account_id)
    opportunity_id = conversion.opportunity(account_id, contact_id) if wanted.creates_opportunity else None
    done = Converted(conversion.lead_id, account_id, contact_id, opportunity_id)
    conversion.move_activities(done)
    conversion.close(done)
    return done


class _Conversion:
    """One lead on its way; field-level security does not matter to it."""

    def __init__(self, records: Records, wanted: LeadConvert) -> None:
        self.store = records.store
        self.wanted = wanted
        self.leads = records.object("Lead")
        self.lead_id = record_id_of(self.leads, wanted.lead_id)
        self.lead = records.existing(self.leads, self.lead_id)
        if self.lead.get("IsConverted"):
            raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=["Id"])
        _check_rights(records)
        _check_request(wanted)
        self.status = _converted_status(records, self.leads, wanted.converted_status)
        self.records = Records(self.store, replace(records.actor, access=FULL_ACCESS, is_raw=False))
        self.owner_id = self._owner()

    def _owner(self) -> str:
        stated = self.wanted.owner_id or self.lead.get("OwnerId") or self.records.actor.user_id
        owner_id = ids.normalise(stated)
        if owner_id is None:
            raise ApiError("MALFORMED_ID", f"malformed id {stated}", fields=["OwnerId"])
        users = self.store.schema["User"]
        if self.store.schema.by_prefix(owner_id) is not users:  # accounts and contacts do not belong to queues
            message = "Operation not valid for this user type"
            raise ApiError("OP_WITH_INVALID_USER_TYPE_EXCEPTION", message, fields=["OwnerId"])
        user = self.store.get(users, owner_id)
        if user is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=["OwnerId"])
        return owner_id

    # The records a lead becomes

    def account(self) -> str:
        """Create the account or complete the one that is named; a lead without a company becomes a person account."""
        if self._becomes_person():
            return self._person()
        return self._become("Account", self.wanted.account_id, {})

    def contact(self, account_id: str) -> str:
        """Create the contact or complete the one that is named, which must belong to the account."""
        account = self.records.existing(self.records.object("Account"), account_id)
        if account.get(persons.FLAG):
            if self.wanted.contact_id is not None:
                raise _not_converted("If accountId is a person account, contactId must be null.")
            return str(account[persons.CONTACT])
        return self._become("Contact", self.wanted.contact_id, {"AccountId": account_id})

    def opportunity(self, account_id: str, contact_id: str) -> str:
        """Create the opportunity with its contact role, or use the one that is named."""
        sobject = self.records.object("Opportunity")
        if self.wanted.opportunity_id is not None:
            opportunity_id = record_id_of(sobject, self.wanted.opportunity_id)
            self._check_account(sobject, opportunity_id, account_id)
            return opportunity_id
        values = lead_mapping.opportunity(sobject, self.lead, self.records.actor.at)
        name = self.wanted.opportunity_name or self.lead.get("Company") or self.lead.get("Name")
        values |= {"Name": name, "AccountId": account_id}
        opportunity_id = self.records.create(sobject, self._owned(values))
        role = self.store.schema.get("OpportunityContactRole")
        if role is not None:
            part = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
            self.records.create(role, part)
        return opportunity_id

    def _becomes_person(self) -> bool:
        if PERSON_ACCOUNTS not in self.store.schema.features:
            return False
        if self.wanted.account_id is None:
            return self.lead.get("Company") is None
        accounts = self.records.object("Account")
        account_id = record_id_of(accounts, self.wanted.account_id)
        return bool((self.store.get(accounts, account_id) or {}).get(persons.FLAG))

    def _person(self) -> str:
        account, contact = self.records.object("Account"), self.records.object("Contact")
        values = lead_mapping.values_for(account, self.lead)
        values |= persons.of_contact(account, contact, lead_mapping.values_for(contact, self.lead))
        values.pop("Name", None)  # a person's is put together
        return self._written(account, self.wanted.account_id, values)

    def _become(self, name: str, stated: object, fixed: Values) -> str:
        sobject = self.records.object(name)
        if stated is not None and "AccountId" in fixed:
            self._check_account(sobject, record_id_of(sobject, stated), str(fixed["AccountId"]))
        return self._written(sobject, stated, lead_mapping.values_for(sobject, self.lead), fixed)

    def _written(self, sobject: SObject, stated: object, values: Values, fixed: Values | None = None) -> str:
        """Create a record, or fill the empty fields of the one that is named."""
        if stated is None:
            return self.records.create(sobject, self._owned(values | (fixed or {})))
        record_id = record_id_of(sobject, stated)
        current = self.records.existing(sobject, record_id)
        filled = {key: value for key, value in values.items() if current.get(key) is None or value is True}
        if self.wanted.overwrites_lead_source:
            filled |= {key: values[key] for key in ("LeadSource", "PersonLeadSource") if key in values}
        if filled:
            self.records.update(sobject, record_id, filled)
        return record_id

    def _owned(self, values: Values) -> Values:
        return values | {"OwnerId": self.owner_id}

    def _check_account(self, sobject: SObject, record_id: str, account_id: str) -> None:
        if self.records.existing(sobject, record_id).get("AccountId") != account_id:
            label = sobject.label.lower()
            message = f"The {label} is not associated with the account the lead is converted to"
            raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=["AccountId"])

    # What hung on the lead, and the lead itself

    def move_activities(self, done: Converted) -> None:
        """Let tasks and events be about the contact, and campaign memberships be the contact's."""
        for name in ("Task", "Event"):
            self._move(name, "WhoId", {"WhoId": done.contact_id, "AccountId": done.account_id})
        self._move("CampaignMember", "LeadId", {"ContactId": done.contact_id})

    def _move(self, name: str, reference: str, values: Values) -> None:
        sobject = self.store.schema.get(name)
        if sobject is None or sobject.stored_field(reference) is None:
            return
        known = {key: value for key, value in values.items() if sobject.stored_field(key) is not None}
        known |= derived.changed_stamps(sobject, self.records.actor)
        sql = f'SELECT "Id" FROM {table_name(sobject)} WHERE {column_name(reference)} = ? AND +_deleted = 0'
        for (record_id,) in self.store.reader.execute(sql, (self.lead_id,)).fetchall():
            self.store.update(sobject, record_id, known)

    def close(self, done: Converted) -> None:
        """Mark the lead as converted."""
        values: Values = {
            "IsConverted": 1,
            "ConvertedDate": self.records.actor.at[:10],
            "ConvertedAccountId": done.account_id,
            "ConvertedContactId": done.contact_id,
            "ConvertedOpportunityId": done.opportunity_id,
            "Status": self.status,
            "IsUnreadByOwner": 0,
        }
        known = {name: value for name, value in values.items() if self.leads.stored_field(name) is not None}
        derived.set_audit(self.leads, known, self.records.actor, is_new=False)
        self.store.update(self.leads, self.lead_id, known)


# Refusals


def _check_rights(records: Records) -> None:
    """Converting needs Edit on leads and Create on what they become."""
    for name, right in (("Lead", "edit"), ("Account", "create"), ("Contact", "create"), ("Opportunity", "create")):
        if not getattr(records.actor.access.of_object(records.object(name)), right):
            message = "insufficient access rights on object id"
            raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", message, status=403, fields=[])


def _check_request(wanted: LeadConvert) -> None:
    problem = None
    if not wanted.creates_opportunity and (wanted.opportunity_name or wanted.opportunity_id):
        problem = "If doNotCreateOpportunity is true, opportunityName and opportunityId must be null."
    elif wanted.contact_id is not None and wanted.account_id is None:
        problem = "If contactId is specified, accountId must be specified too."
    elif wanted.opportunity_id is not None and wanted.account_id is None:
        problem = "If opportunityId is specified, accountId must be specified too."
    if problem is not None:
        raise _not_converted(problem)


def _not_converted(problem: str) -> ApiError:
    return ApiError("INVALID_FIELD", f"One or more leads couldn't be converted. {problem}", fields=["Id"])


def _converted_status(records: Records, leads: SObject, stated: str | None) -> str:
    """Return the status a converted lead gets, which must be one that means converted."""
    known = _converted_statuses(records, leads)
    found = next((status for status in known if status.lower() == str(stated or "").lower()), None)
    if found is None:
        raise ApiError("INVALID_STATUS", f"invalid convertedStatus: {stated or ''}", fields=["Status"])
    return found


def default_status(records: Records) -> str | None:
    """Return the first status that means converted."""
    return next(iter(_converted_statuses(records, records.object("Lead"))), None)


def _converted_statuses(records: Records, leads: SObject) -> list[str]:
    """Read the records of LeadStatus; an org without any has the statuses that its picklist's names speak of."""
    statuses = records.store.schema.get("LeadStatus")
    if statuses is not None:
        sql = f'SELECT "MasterLabel" FROM {table_name(statuses)} WHERE "IsConverted" = 1 AND _deleted = 0 ORDER BY _row'
        found = [label for (label,) in records.store.reader.execute(sql)]
        if found:
            return found
    field = leads.field("Status")
    return [value.value for value in field.picklist_values if _means_converted(value.value)] if field else []


def _means_converted(status: str) -> bool:
    words = status.lower()
    return words == "qualified" or (
        "converted" in words and "not converted" not in words and "unconverted" not in words
    )
