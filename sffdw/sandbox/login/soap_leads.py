"""convertLead(): up to 100 leads, each by itself, with a result for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from sffdw.sandbox.call import Call
from sffdw.sandbox.dml.lead_conversion import Converted, LeadConvert
from sffdw.sandbox.dml.lead_conversion import convert as convert_lead
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.login import envelope
from sffdw.sandbox.rest.records import actor_of

MAX_LEADS = 100


@dataclass(frozen=True)
class Outcome:
    """What became of one lead."""

    lead_id: str
    converted: Converted | None = None
    refusal: ApiError | None = None


def convert(call: Call, operation: ElementTree.Element) -> str:
    """Convert the leads of a call in one transaction; a refused one leaves the others standing."""
    wanted = [envelope.texts(part) for part in operation if envelope.local(part) == "leadConverts"]
    if len(wanted) > MAX_LEADS:
        raise ApiError("LIMIT_EXCEEDED", f"at most {MAX_LEADS} leads can be converted in a call", status=500)
    store = call.org.store
    with store.transaction():
        records = Records(store, actor_of(call))
        results = [_result(_one(records, given)) for given in wanted]
    return f"<convertLeadResponse>{''.join(results)}</convertLeadResponse>"


def _one(records: Records, given: Mapping[str, str]) -> Outcome:
    lead_id = given.get("leadId", "").strip()
    try:
        with records.store.transaction():
            return Outcome(lead_id, convert_lead(records, LeadConvert.read(given)))
    except ApiError as error:
        return Outcome(lead_id, refusal=error)


def _result(outcome: Outcome) -> str:
    done, refusal = outcome.converted, outcome.refusal
    parts = [
        _nillable("accountId", done.account_id if done else None),
        _nillable("contactId", done.contact_id if done else None),
        _error(refusal) if refusal is not None else "",
        _nillable("leadId", done.lead_id if done else outcome.lead_id or None),
        _nillable("opportunityId", done.opportunity_id if done else None),
        envelope.elements({"success": str(done is not None).lower()}),
    ]
    return f"<result>{''.join(parts)}</result>"


def _nillable(name: str, value: str | None) -> str:
    return f'<{name} xsi:nil="true"/>' if value is None else envelope.elements({name: value})


def _error(error: ApiError) -> str:
    fields = "".join(envelope.elements({"fields": name}) for name in error.fields or ())
    return f"<errors>{fields}{envelope.elements({'message': error.message, 'statusCode': error.code})}</errors>"
