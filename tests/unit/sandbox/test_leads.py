"""Lead conversion: what a lead becomes, what moves with it, and what is refused before and after."""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from sffdw.sandbox import stamps
from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.conftest import NOON, Caller
from tests.unit.sandbox.events.conftest import Listener

LEAD = {
    "FirstName": "Ada", "LastName": "Byron", "Company": "Engines", "Email": "ada@example.com", "Phone": "1",
    "Street": "1 Lane", "City": "London", "LeadSource": "Web", "Industry": "Energy",
    "Description": "first", "NumberOfEmployees": 7,
}  # fmt: skip
CONVERT = (
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:s="urn:partner.soap.sforce.com">'
    "<env:Header><s:SessionHeader><s:sessionId>{session}</s:sessionId></s:SessionHeader></env:Header>"
    "<env:Body><s:convertLead>{leads}</s:convertLead></env:Body></env:Envelope>"
)
REFUSED = "CANNOT_UPDATE_CONVERTED_LEAD"


@pytest.fixture
def soap_org(shared_org: Org) -> Iterator[Caller]:
    """An org of the test's own, at noon."""
    caller = Caller(Org(Options(seed=7), birth=shared_org.birth))
    caller.org.clock.set(stamps.from_text(NOON))
    yield caller
    caller.org.close()


def lead(sf: Caller, **changes: Any) -> str:
    return sf.create("Lead", **{**LEAD, **changes})


def convert(sf: Caller, lead_id: str, **values: Any) -> dict[str, Any]:
    """Convert a lead through the control plane."""
    change = {"op": "convert", "id": lead_id, "values": values}
    result: dict[str, Any] = sf.post("/_sandbox/records", {"changes": [change]})["results"][0]
    return result


def row(sf: Caller, object_name: str, record_id: str) -> dict[str, Any]:
    found: dict[str, Any] = sf.get(f"/sobjects/{object_name}/{record_id}")
    return found


def soap(sf: Caller, *leads: dict[str, str], session: str | None = None) -> tuple[int, str]:
    """Call convertLead()."""
    parts = "".join(
        f"<s:leadConverts>{''.join(f'<s:{name}>{value}</s:{name}>' for name, value in given.items())}</s:leadConverts>"
        for given in leads
    )
    body = CONVERT.format(session=sf.token if session is None else session, leads=parts).encode()
    reply = sf.send("POST", f"/services/Soap/u/62.0/{sf.org.org_id[:15]}", body, content_type="text/xml")
    return reply.status, str(reply.text)


def results(text: str) -> list[dict[str, str | None]]:
    """The texts of each result, by local name."""
    found = [part for part in ElementTree.fromstring(text).iter() if part.tag.endswith("}result")]
    return [{one.tag.rpartition("}")[2]: one.text for one in part.iter() if not len(one)} for part in found]


def test_a_lead_becomes_account_contact_and_opportunity(sf: Caller) -> None:
    lead_id = lead(sf)
    sf.org.clock.advance(60)
    done = convert(sf, lead_id)
    assert done["success"], done
    account, contact = row(sf, "Account", done["accountId"]), row(sf, "Contact", done["contactId"])
    deal = row(sf, "Opportunity", done["opportunityId"])
    want = {"Name": "Engines", "Phone": "1", "BillingCity": "London", "Industry": "Energy", "AccountSource": "Web"}
    assert {name: account[name] for name in want} == want
    assert account["NumberOfEmployees"] == 7
    want = {"Name": "Ada Byron", "AccountId": done["accountId"], "MailingStreet": "1 Lane", "LeadSource": "Web"}
    assert {name: contact[name] for name in want} == want
    assert (contact["Email"], contact["Description"]) == ("ada@example.com", "first")
    want = {"Name": "Engines", "AccountId": done["accountId"], "StageName": "Prospecting", "CloseDate": "2025-06-30"}
    assert {name: deal[name] for name in want} == want
    roles = sf.rows(f"SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{deal['Id']}'")
    assert roles == [{"ContactId": contact["Id"], "IsPrimary": True}]
    converted = row(sf, "Lead", lead_id)
    want = {
        "IsConverted": True, "ConvertedDate": "2025-06-18", "ConvertedAccountId": account["Id"],
        "ConvertedContactId": contact["Id"], "ConvertedOpportunityId": deal["Id"], "Status": "Closed - Converted",
        "SystemModstamp": "2025-06-18T12:01:00.000+0000", "CreatedDate": "2025-06-18T12:00:00.000+0000",
    }  # fmt: skip
    assert {name: converted[name] for name in want} == want
    assert sf.values("SELECT Id FROM Lead WHERE IsConverted = true") == [lead_id]


def test_existing_records_are_completed_and_keep_what_they_hold(sf: Caller) -> None:
    account = sf.create("Account", Name="Old", Phone="9")
    contact = sf.create("Contact", LastName="Old", AccountId=account, LeadSource="Other")
    other = {"accountId": account, "contactId": contact, "doNotCreateOpportunity": True}
    done = convert(sf, lead(sf), **other)
    assert (done["accountId"], done["contactId"], done["opportunityId"]) == (account, contact, None)
    kept, completed = row(sf, "Account", account), row(sf, "Contact", contact)
    assert (kept["Name"], kept["Phone"], kept["Industry"]) == ("Old", "9", "Energy")
    assert (completed["Name"], completed["Email"], completed["LeadSource"]) == ("Ada Old", "ada@example.com", "Other")
    convert(sf, lead(sf), **other, overwriteLeadSource=True)
    assert row(sf, "Contact", contact)["LeadSource"] == "Web"


def test_activities_and_campaign_memberships_move(sf: Caller) -> None:
    lead_id, stays = lead(sf), lead(sf)
    task, other = (sf.create("Task", Subject="call", WhoId=who) for who in (lead_id, stays))
    event = sf.create("Event", Subject="meet", WhoId=lead_id, ActivityDateTime=NOON, DurationInMinutes=30)
    campaign = sf.create("Campaign", Name="c")
    member = sf.create("CampaignMember", CampaignId=campaign, LeadId=lead_id)
    sf.org.clock.advance(60)
    done = convert(sf, lead_id)
    for name, record_id in (("Task", task), ("Event", event)):
        moved = row(sf, name, record_id)
        assert (moved["WhoId"], moved["AccountId"]) == (done["contactId"], done["accountId"])
        assert moved["SystemModstamp"] == "2025-06-18T12:01:00.000+0000"
        assert moved["LastModifiedDate"] == NOON
    assert row(sf, "Task", other)["WhoId"] == stays
    moved = row(sf, "CampaignMember", member)
    assert (moved["LeadId"], moved["ContactId"]) == (lead_id, done["contactId"])


def test_a_converted_lead_is_read_only_but_can_be_deleted(sf: Caller) -> None:
    lead_id, fresh = lead(sf), lead(sf)
    convert(sf, lead_id)
    refused = sf.send("PATCH", f"/sobjects/Lead/{lead_id}", {"Phone": "2"})
    assert refused.body == [{"message": "cannot reference converted lead", "errorCode": REFUSED, "fields": ["Id"]}]
    assert sf.send("PATCH", f"/sobjects/Lead/{fresh}", {"Phone": "2"}).status == 204
    refused = sf.send("POST", "/sobjects/Task", {"Subject": "call", "WhoId": lead_id})
    assert refused.body[0]["errorCode"] == REFUSED
    assert sf.send("POST", "/sobjects/Task", {"Subject": "call", "WhoId": fresh}).status == 201
    assert convert(sf, lead_id)["errors"][0]["statusCode"] == REFUSED
    assert sf.send("DELETE", f"/sobjects/Lead/{lead_id}").status == 204


@pytest.mark.parametrize(
    ("values", "want", "text"),
    [
        ({"convertedStatus": "Working - Contacted"}, "INVALID_STATUS", "invalid convertedStatus: Working - Contacted"),
        (
            {"doNotCreateOpportunity": True, "opportunityName": "x"},
            "INVALID_FIELD",
            "opportunityName and opportunityId",
        ),
        ({"contactId": "003000000000001AAA"}, "INVALID_FIELD", "accountId must be specified too"),
        ({"accountId": "003000000000001AAA"}, "MALFORMED_ID", "Account ID: id value of incorrect type"),
        ({"accountId": "001000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        ({"ownerId": "00G000000000001AAA"}, "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "user type"),
        ({"ownerId": "005000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ],
)
def test_conversions_that_are_refused_leave_nothing_behind(
    sf: Caller, values: dict[str, Any], want: str, text: str
) -> None:
    lead_id = lead(sf)
    refused = convert(sf, lead_id, **values)
    assert (refused["success"], refused["errors"][0]["statusCode"]) == (False, want)
    assert text in refused["errors"][0]["message"]
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0
    assert row(sf, "Lead", lead_id)["IsConverted"] is False


def test_a_contact_of_another_account_is_refused(sf: Caller) -> None:
    account, other = (sf.create("Account", Name=name) for name in "ab")
    contact = sf.create("Contact", LastName="x", AccountId=other)
    refused = convert(sf, lead(sf), accountId=account, contactId=contact)
    assert refused["errors"][0]["statusCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert convert(sf, lead(sf), accountId=other, contactId=contact)["success"]


def test_statuses_of_the_org_say_which_mean_converted(sf: Caller) -> None:
    status = {"MasterLabel": "Won over", "ApiName": "Won over", "IsConverted": True}
    sf.change({"op": "create", "object": "LeadStatus", "values": status}, raw=True)
    assert convert(sf, lead(sf), convertedStatus="Closed - Converted")["errors"][0]["statusCode"] == "INVALID_STATUS"
    done = convert(sf, lead(sf))
    assert row(sf, "Lead", done["id"])["Status"] == "Won over"


def test_soap_converts_leads_each_by_itself(soap_org: Caller) -> None:
    first, second = lead(soap_org), lead(soap_org)
    status = {"convertedStatus": "Closed - Converted"}
    code, text = soap(
        soap_org,
        {"leadId": first, **status, "opportunityName": "Deal &amp; Co"},
        {"leadId": second, "convertedStatus": "no"},
        {"leadId": second[:15], **status, "doNotCreateOpportunity": "true"},
    )
    one, refused, two = results(text)
    assert (code, one["success"], one["leadId"]) == (200, "true", first)
    assert row(soap_org, "Opportunity", str(one["opportunityId"]))["Name"] == "Deal & Co"
    assert (refused["success"], refused["statusCode"], refused["accountId"]) == ("false", "INVALID_STATUS", None)
    assert (two["success"], two["leadId"], two["opportunityId"]) == ("true", second, None)
    assert re.search(r'<opportunityId xsi:nil="true"/>', text)


def test_soap_conversion_needs_a_session_and_rights(soap_org: Caller) -> None:
    given = {"leadId": lead(soap_org), "convertedStatus": "Closed - Converted"}
    code, text = soap(soap_org, given, session="made up")
    assert (code, "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in text) == (500, True)
    assert "sf:LIMIT_EXCEEDED" in soap(soap_org, *[given] * 101)[1]
    name = soap_org.org.credentials.username
    soap_org.send("PUT", f"/_sandbox/users/{name}", {"objects": {"Opportunity": {"create": False}}})
    assert results(soap(soap_org, given)[1])[0]["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    soap_org.send("PUT", f"/_sandbox/users/{name}", {"objects": {}})
    assert results(soap(soap_org, given)[1])[0]["success"] == "true"


def test_events_tell_of_the_conversion(soap_org: Caller) -> None:
    lead_id = lead(soap_org)
    listener = Listener(soap_org.org)
    assert listener.handshake()["successful"]
    assert listener.subscribe("/data/ChangeEvents")["successful"]
    soap(soap_org, {"leadId": lead_id, "convertedStatus": "Closed - Converted", "doNotCreateOpportunity": "1"})
    payloads = listener.payloads()
    told = [(one["ChangeEventHeader"]["entityName"], one["ChangeEventHeader"]["changeType"]) for one in payloads]
    assert told == [("Account", "CREATE"), ("Contact", "CREATE"), ("Lead", "UPDATE")]
    assert len({one["ChangeEventHeader"]["transactionKey"] for one in payloads}) == 1
    changed = payloads[-1]
    assert (changed["IsConverted"], changed["Status"]) == (True, "Closed - Converted")
    assert changed["ChangeEventHeader"]["changeOrigin"] == "com/salesforce/api/soap/62.0"


def test_with_person_accounts_a_lead_without_a_company_is_a_person(soap_org: Caller) -> None:
    sf = soap_org
    sf.send("PUT", "/_sandbox/features", {"person_accounts": True})
    create = {
        "op": "create",
        "object": "Lead",
        "values": {**LEAD, "Company": None, "OwnerId": sf.org.users.default.user_id},
    }
    lead_id = sf.change(create, raw=True)[0]["id"]
    done = convert(sf, lead_id)
    assert done["success"], done
    account = row(sf, "Account", done["accountId"])
    want = {
        "IsPersonAccount": True,
        "Name": "Ada Byron",
        "PersonEmail": "ada@example.com",
        "PersonMailingCity": "London",
    }
    assert {name: account[name] for name in want} == want
    assert done["contactId"] == account["PersonContactId"]
    assert row(sf, "Opportunity", done["opportunityId"])["Name"] == "Ada Byron"
    into = {"accountId": done["accountId"], "doNotCreateOpportunity": True}
    refused = convert(sf, lead(sf), **into, contactId=done["contactId"])
    assert "contactId must be null" in refused["errors"][0]["message"]
    again = convert(sf, lead(sf, Phone="2", MobilePhone="3"), **into)
    assert (again["accountId"], again["contactId"]) == (done["accountId"], done["contactId"])
    completed = row(sf, "Account", done["accountId"])
    assert (completed["Phone"], completed["PersonMobilePhone"]) == ("1", "3")
    business = convert(sf, lead(sf))
    assert row(sf, "Account", business["accountId"])["IsPersonAccount"] is False
    assert row(sf, "Contact", business["contactId"])["AccountId"] == business["accountId"]
