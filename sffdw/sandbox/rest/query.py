"""The query resources: query, queryAll, their pages, columns and explain."""

from __future__ import annotations

import re
from typing import Any

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.dml.storms import touch_some
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.columns import column_metadata
from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.cursors import invalid_locator
from sffdw.sandbox.soql.engine import DEFAULT_BATCH, MIN_BATCH, Answer, Request
from sffdw.sandbox.soql.messages import SoqlError, too_complicated
from sffdw.sandbox.soql.parser import parse
from sffdw.sandbox.soql.plan import Plan
from sffdw.sandbox.soql.settings import Settings

_BATCH = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def object_of_query(call: Call) -> str | None:
    """Return the object a query is about, for the journal and for faults."""
    try:
        path = parse(call.query.get("q", "")).sources[0].path.text
    except SoqlError:
        return None
    found = call.org.schema.get(path)
    return found.name if found else path


def object_of_locator(call: Call, locator: str) -> str | None:
    """Return the object a locator's query is about."""
    try:
        cursor, _ = call.org.cursors.find(locator, call.user_id, call.org.clock.timestamp())
    except ApiError:
        return None
    return cursor.plan.sobject.name


def query(call: Call) -> Reply:
    """GET /query?q=…"""
    return _query(call, includes_deleted=False)


def query_all(call: Call) -> Reply:
    """GET /queryAll?q=…"""
    return _query(call, includes_deleted=True)


def _query(call: Call, *, includes_deleted: bool) -> Reply:
    statement = call.query.get("q")
    if statement is None:
        if call.query.get("explain"):
            return _explain(call, call.query["explain"])
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    check_query_faults(call)
    if call.org.teacher is not None:
        call.org.teacher.learn(statement)
    plan = compile_statement(call, statement, includes_deleted=includes_deleted)
    check_formulas(call, plan)
    if call.flag("columns"):
        return Reply(body=column_metadata(plan))
    return _reply(call, call.org.engine.run(plan, _request(call)))


def compile_statement(call: Call, statement: str, *, includes_deleted: bool = False) -> Plan:
    """Compile a statement for the user and the moment of a call."""
    return compile_soql(statement, call.org.schema, settings_of(call, includes_deleted=includes_deleted))


def settings_of(call: Call, *, includes_deleted: bool = False) -> Settings:
    """Return what a statement of this call depends on."""
    org = call.org
    user = org.users.by_id(call.user_id)
    hidden, shuffled = call.fault("rows.hidden"), call.fault("order.shuffle")
    return Settings(
        now=org.clock.now(),
        zone=user.time_zone if user else "GMT",
        user_id=call.user_id,
        access=call.access,
        includes_deleted=includes_deleted,
        api_version=float(call.version or 62.0),
        fiscal_start_month=int(org.switch("fiscal_start_month", 1)),
        descending_nulls_last=bool(org.switch("descending_nulls_last", False)),
        currencies=currencies_of(org.store, call.user_id),
        hidden_share=float(hidden.params.get("share", 0.9)) if hidden else 0.0,
        shuffle_seed=int(shuffled.params.get("seed", 1)) if shuffled else None,
    )


def check_query_faults(call: Call) -> None:
    """Raise what faults say about this query, and let rows drift: somebody changes them while pages are read."""
    if call.fault("query.timeout"):
        raise ApiError("QUERY_TIMEOUT", "Your query request was running for too long.")
    drift = call.fault("page.drift")
    if drift:
        touch_some(call, int(drift.params.get("rows", 10)))


def check_formulas(call: Call, plan: Plan) -> None:
    """Refuse a plan with more formula fields than a fault says; Salesforce counts the size of what they compile to."""
    most = call.fault("query.complicated")
    fields = [plan.sobject.field(node.key) for node in plan.nodes] if most else []
    if most and sum(found is not None and found.calculated for found in fields) > int(most.params.get("formulas", 50)):
        raise too_complicated()


def query_more(call: Call, locator: str) -> Reply:
    """GET /query/LOCATOR-OFFSET."""
    if call.fault("locator.expired"):
        raise invalid_locator()
    check_query_faults(call)
    return _reply(call, call.org.engine.more(locator, _request(call)))


def _request(call: Call) -> Request:
    match = _BATCH.search(call.headers.get("sforce-query-options", ""))
    wanted = min(max(int(match[1]), MIN_BATCH), DEFAULT_BATCH) if match else DEFAULT_BATCH
    shrunk = call.fault("page.shrink")
    if shrunk:
        wanted = min(wanted, int(shrunk.params.get("rows", shrunk.params.get("size", 100))))
    return Request(call.user_id, call.version, call.org.clock.timestamp(), call.pretty, wanted)


def _reply(call: Call, answer: Answer) -> Reply:
    call.rows = answer.rows
    call.object = answer.object_name
    return Reply(text=answer.text)


def _explain(call: Call, statement: str) -> Reply:
    """Answer ?explain= with one plan, as a table scan or by the Id index."""
    plan = compile_statement(call, statement)
    count = call.org.store.count(plan.sobject)
    fields: list[str] = []
    described: dict[str, Any] = {
        "cardinality": count,
        "fields": fields,
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1.0,
        "sobjectCardinality": count,
        "sobjectType": plan.sobject.name,
    }
    return Reply(body={"plans": [described], "sourceQuery": statement})
