"""What standard objects do on their own: stages and closing, prices, activities, roll-ups of line items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml import currencies, persons, record_types
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.events.topics import check_topic
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.store.store import Store, Values
from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.dml.records import Records

Before = Mapping[str, Any]
# Stage → (probability, forecast category, closed, won): the stages a new org has.
STAGES = {
    "prospecting": (10.0, "Pipeline", 0, 0),
    "qualification": (10.0, "Pipeline", 0, 0),
    "needs analysis": (20.0, "Pipeline", 0, 0),
    "value proposition": (50.0, "Pipeline", 0, 0),
    "id. decision makers": (60.0, "Pipeline", 0, 0),
    "perception analysis": (70.0, "Pipeline", 0, 0),
    "proposal/price quote": (75.0, "Pipeline", 0, 0),
    "negotiation/review": (90.0, "Pipeline", 0, 0),
    "closed won": (100.0, "Closed", 1, 1),
    "closed lost": (0.0, "Omitted", 1, 0),
}
_OPEN_STAGE = (10.0, "Pipeline", 0, 0)


def before_save(store: Store, sobject: SObject, values: Values, before: Before, actor: Actor) -> None:
    """Set the fields that follow from others of the same record, and the owner that an assignment rule says."""
    if sobject.name in actor.assignments:
        values["OwnerId"] = actor.assignments[sobject.name]
    behaviour = _BEFORE.get(sobject.name)
    if behaviour is not None:
        follow = behaviour(store, {**before, **values}, values, actor)
        for name, value in follow.items():
            if sobject.stored_field(name) is not None:
                values[name] = value


def after_save(records: Records, sobject: SObject, record_id: str, before: Before, values: Values) -> None:
    """Carry a change on to other records."""
    if sobject.name == "OpportunityLineItem":
        parents = {before.get("OpportunityId"), values.get("OpportunityId", before.get("OpportunityId"))}
        for parent_id in parents - {None}:
            _total_opportunity(records, str(parent_id))
    elif sobject.name == "CurrencyType":
        currencies.after_currency(records, record_id, before, values)
    elif persons.concerns(records.store, sobject):
        persons.after_save(records, before, {**before, **values, "Id": record_id}, values)
    elif sobject.name == "RecordType":
        record_types.after_type(records, {**before, **values})
    elif sobject.name == "DatedConversionRate":
        currencies.chain_rates(records, {**before, **values}.get("IsoCode"))


def after_removal(records: Records, sobject: SObject, record_id: str) -> None:
    """Carry a deletion or restoration on to other records."""
    if sobject.name == "OpportunityLineItem":
        item = records.store.get(sobject, record_id)
        if item is not None and item.get("OpportunityId"):
            _total_opportunity(records, item["OpportunityId"])
    elif sobject.name == "DatedConversionRate":
        rate = records.store.get(sobject, record_id)
        currencies.chain_rates(records, rate["IsoCode"] if rate is not None else None)


def _total_opportunity(records: Records, opportunity_id: str) -> None:
    """Amount is the sum of the line items; SystemModstamp moves, as with any roll-up."""
    if records.actor.is_raw:
        return
    store = records.store
    opportunity = store.schema["Opportunity"]
    current = store.get(opportunity, opportunity_id)
    if current is None or current["IsDeleted"]:
        return
    sql = (
        f'SELECT count(*), sum("TotalPrice"), sum("Quantity") FROM {table_name("OpportunityLineItem")} '
        'WHERE "OpportunityId" = ? AND _deleted = 0'
    )
    count, total, quantity = store.reader.execute(sql, (opportunity_id,)).fetchone()
    values: Values = {"HasOpportunityLineItem": int(count > 0), "SystemModstamp": records.actor.at}
    if count:
        values |= {"Amount": total, "TotalOpportunityQuantity": quantity}
        values["ExpectedRevenue"] = _expected(total, current.get("Probability"))
    store.update(
        opportunity, opportunity_id, {n: v for n, v in values.items() if opportunity.stored_field(n) is not None}
    )


def _expected(amount: Any, probability: Any) -> float | None:
    return None if amount is None else round(float(amount) * float(probability or 0) / 100, 2)


# One function per object: (store, the record as it will be, what the writer gave, actor) → further values


def _opportunity(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    follow: Values = {}
    if given.get("StageName") is not None:
        probability, category, closed, won = STAGES.get(str(given["StageName"]).lower(), _OPEN_STAGE)
        follow |= {"IsClosed": closed, "IsWon": won}
        for name, value in (
            ("Probability", probability),
            ("ForecastCategory", category),
            ("ForecastCategoryName", category),
        ):
            if given.get(name) is None:
                follow[name] = value
    if given.get("CloseDate"):
        year, month = int(str(given["CloseDate"])[:4]), int(str(given["CloseDate"])[5:7])
        quarter = (month + 2) // 3
        follow |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
    merged = {**merged, **follow}
    if not actor.is_raw or "ExpectedRevenue" not in given:
        follow["ExpectedRevenue"] = _expected(merged.get("Amount"), merged.get("Probability"))
    if actor.is_raw:
        return {name: value for name, value in follow.items() if given.get(name) is None}
    return follow


def _lead(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    """A converted lead is read-only; only convertLead() makes one of a lead that is there."""
    if not actor.is_raw and "Id" in merged and merged.get("IsConverted"):
        raise converted_lead("Id")
    return {}


def converted_lead(field: str) -> ApiError:
    """Return the error for a change of a converted lead, or of something that is to refer to one."""
    return ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[field])


def _case(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    if given.get("Status") is None:
        return {}
    is_closed = str(given["Status"]).lower() == "closed"
    if actor.is_raw:
        return {"IsClosed": int(is_closed or _is_stated(given, "IsClosed", actor))}
    closed_at = (merged.get("ClosedDate") or actor.at) if is_closed else None
    return {"IsClosed": int(is_closed), "ClosedDate": closed_at}


def _task(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    follow: Values = _activity_parents(store, merged, given, actor)
    if given.get("Status") is not None:
        follow["IsClosed"] = int(str(given["Status"]).lower() == "completed" or _is_stated(given, "IsClosed", actor))
    if given.get("Priority") is not None:
        is_high = str(given["Priority"]).lower() == "high"
        follow["IsHighPriority"] = int(is_high or _is_stated(given, "IsHighPriority", actor))
    return follow


def _is_stated(given: Values, name: str, actor: Actor) -> bool:
    """Tell whether a raw writer checked a box that others leave to Salesforce."""
    return actor.is_raw and bool(given.get(name))


def _event(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    from datetime import timedelta

    from sffdw.sandbox import stamps

    follow = _activity_parents(store, merged, given, actor)
    start = merged.get("StartDateTime") or merged.get("ActivityDateTime")
    if start and ("ActivityDateTime" in given or "StartDateTime" in given or "DurationInMinutes" in given):
        start = given.get("StartDateTime") or given.get("ActivityDateTime") or start
        follow |= {"StartDateTime": start, "ActivityDateTime": start}
        minutes = merged.get("DurationInMinutes")
        if minutes is None and merged.get("EndDateTime"):
            minutes = int((stamps.from_text(merged["EndDateTime"]) - stamps.from_text(start)).total_seconds() // 60)
        end = stamps.to_text(stamps.from_text(start) + timedelta(minutes=int(minutes or 60)))
        follow |= {"DurationInMinutes": int(minutes or 60), "EndDateTime": end}
        if not given.get("ActivityDate"):
            follow["ActivityDate"] = start[:10]
        if not given.get("EndDate"):
            follow["EndDate"] = end[:10]
    return {name: value for name, value in follow.items() if not (actor.is_raw and given.get(name) is not None)}


def _activity_parents(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    """An activity belongs to the account of what or whom it is about."""
    if actor.is_raw or not {"WhatId", "WhoId"} & given.keys():
        return {}
    what, who = merged.get("WhatId"), merged.get("WhoId")
    if given.get("WhoId") is not None and _is_converted(store, str(who)):
        raise converted_lead("WhoId")
    account = what if what and str(what).startswith("001") else None
    for record_id in (what, who):
        if account is None and record_id:
            account = _account_of(store, str(record_id))
    follow: Values = {"AccountId": account}
    follow["WhoCount"], follow["WhatCount"] = int(who is not None), int(what is not None)
    return follow


def _is_converted(store: Store, record_id: str) -> bool:
    sobject = store.schema.by_prefix(record_id)
    if sobject is None or sobject.name != "Lead":
        return False
    return bool((store.get(sobject, record_id) or {}).get("IsConverted"))


def _account_of(store: Store, record_id: str) -> str | None:
    sobject = store.schema.by_prefix(record_id)
    if sobject is None or sobject.stored_field("AccountId") is None:
        return None
    found = store.get(sobject, record_id)
    return found.get("AccountId") if found else None


def _line_item(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    follow: Values = {}
    quantity, unit, total = merged.get("Quantity"), merged.get("UnitPrice"), merged.get("TotalPrice")
    if given.get("TotalPrice") is not None and given.get("UnitPrice") is None and quantity:
        follow["UnitPrice"] = round(float(total) / float(quantity), 2)  # type: ignore[arg-type]
    elif quantity is not None and unit is not None and not (actor.is_raw and given.get("TotalPrice") is not None):
        follow["TotalPrice"] = round(float(quantity) * float(unit) * (1 - float(merged.get("Discount") or 0) / 100), 2)
    if given.get("PricebookEntryId"):
        follow |= _from_price(store, str(given["PricebookEntryId"]), given)
    return follow


def _from_price(store: Store, entry_id: str, given: Values) -> Values:
    entry = store.get(store.schema["PricebookEntry"], entry_id)
    if entry is None:
        return {}
    follow: Values = {"ListPrice": entry.get("UnitPrice")}
    for own, source in (("Product2Id", "Product2Id"), ("ProductCode", "ProductCode"), ("Name", "Name")):
        if given.get(own) is None and entry.get(source) is not None:
            follow[own] = entry[source]
    return follow


def _price(store: Store, merged: Before, given: Values, actor: Actor) -> Values:
    if not given.get("Product2Id"):
        return {}
    product = store.get(store.schema["Product2"], str(given["Product2Id"]))
    if product is None:
        return {}
    return {"Name": product.get("Name"), "ProductCode": product.get("ProductCode")}


_BEFORE: dict[str, Callable[[Store, Before, Values, Actor], Values]] = {
    "Opportunity": _opportunity,
    "Lead": _lead,
    "Case": _case,
    "Task": _task,
    "Event": _event,
    "OpportunityLineItem": _line_item,
    "PricebookEntry": _price,
    "PushTopic": check_topic,
    "RecordType": record_types.before_type,
    "CurrencyType": currencies.before_currency,
    "DatedConversionRate": currencies.before_rate,
}
