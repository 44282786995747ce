"""Single records: read, create, update, delete, upsert by external id, blob bodies."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator
from typing import Any

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.errors import CUSTOM_FIELD_HINT, ApiError, malformed_json, not_found
from sffdw.sandbox.events.publishing import enqueued
from sffdw.sandbox.events.recorder import is_platform_event
from sffdw.sandbox.rest.describe import find_object
from sffdw.sandbox.rest.dml_faults import strike_record
from sffdw.sandbox.rest.query import settings_of
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.soql import ast
from sffdw.sandbox.soql.compiler import QueryCompiler
from sffdw.sandbox.soql.names import Statement
from sffdw.sandbox.soql.render import Renderer

ASSIGN = "sforce-auto-assign"


def actor_of(call: Call) -> Actor:
    """Return the writer behind a call."""
    duplicates = "allowsave=true" in call.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
    return Actor(
        call.user_id,
        call.at or call.org.stamp(),
        access=call.access,
        sets_audit=bool(call.org.switch("set_audit_fields", False)),
        allows_duplicates=duplicates,
        keeps_stamp_on_delete=call.fault("deleted.no_stamp") is not None,
        enforces_dependencies=bool(call.org.switch("enforce_dependencies", False)),
        assignments=assignments_of(call),
        origin=origin_of(call),
    )


def assignments_of(call: Call) -> dict[str, str]:
    """Return the owners by object that assignment rules say: REST runs the active ones unless a header says FALSE."""
    if call.kind == "soap" or call.kind.startswith("bulk") or call.headers.get(ASSIGN, "").upper() == "FALSE":
        return {}
    return dict(call.org.store.setting("assignment_rules") or {})


def origin_of(call: Call) -> str:
    """Say through which interface and client a change came."""
    client = re.search(r"client=([^;,]+)", call.headers.get("sforce-call-options", ""))
    api = "bulkapi" if call.kind.startswith("bulk") else "soap" if call.kind == "soap" else "rest"
    return f"com/salesforce/api/{api}/{call.version or '62.0'}" + (f";client={client[1].strip()}" if client else "")


@contextlib.contextmanager
def writing(call: Call) -> Iterator[Records]:
    """Write one request's records in a transaction."""
    with call.org.store.transaction():
        yield Records(call.org.store, actor_of(call))


def success(record_id: str) -> dict[str, Any]:
    """Return the body for a stored record."""
    return {"id": record_id, "success": True, "errors": []}


# Create


def create(call: Call, name: str) -> Reply:
    """POST /sobjects/X."""
    sobject = find_object(call, name)
    given = _given(call)
    with writing(call) as records:
        record_id = records.create(sobject, given)
        strike_record(call, sobject, None, 0)
    call.rows = 1
    if is_platform_event(sobject):
        return Reply(201, enqueued(record_id))
    location = f"/services/data/v{call.version}/sobjects/{sobject.name}/{record_id}"
    return Reply(201, success(record_id), headers={"Location": location})


def _given(call: Call) -> dict[str, Any]:
    if call.headers.get("content-type", "").startswith("multipart/"):
        from sffdw.sandbox.rest.multipart import read_multipart

        return read_multipart(call)
    return call.json_object()


# Read


def read(call: Call, name: str, record_id: str) -> Reply:
    """GET /sobjects/X/ID."""
    sobject = find_object(call, name)
    wanted = _existing_id(call, sobject, record_id)
    modified = _modified_at(call, sobject, wanted)
    _check_unchanged(call, sobject, wanted)
    if _is_unchanged(call, modified):
        return Reply(304, headers=modified)
    row = read_row(call, sobject, [wanted], _field_names(call, sobject)).get(wanted)
    if row is None:
        raise not_found()
    call.rows = 1
    return Reply(text=row, headers=modified)


def _modified_at(call: Call, sobject: SObject, record_id: str) -> dict[str, str]:
    """Return the headers that say which state of a record this is."""
    values = call.org.store.get(sobject, record_id) or {}
    stamp = values.get("LastModifiedDate")
    if not stamp:
        return {}
    return {
        "Last-Modified": stamps.to_http(stamps.from_text(str(stamp))),
        "ETag": f'"{values.get("SystemModstamp") or stamp}"',
    }


def _is_unchanged(call: Call, modified: dict[str, str]) -> bool:
    since = stamps.from_http(call.headers.get("if-modified-since", ""))
    current = stamps.from_http(modified.get("Last-Modified", ""))
    if "if-none-match" in call.headers:
        return call.headers["if-none-match"] in {"*", modified.get("ETag")}
    return since is not None and current is not None and current <= since


def _check_unchanged(call: Call, sobject: SObject, record_id: str) -> None:
    """Refuse to write a record that is no longer what the caller saw."""
    modified = _modified_at(call, sobject, record_id)
    until = stamps.from_http(call.headers.get("if-unmodified-since", ""))
    current = stamps.from_http(modified.get("Last-Modified", ""))
    is_stale = until is not None and current is not None and current > until
    wanted = call.headers.get("if-match")
    if is_stale or (wanted is not None and wanted not in {"*", modified.get("ETag")}):
        raise ApiError("PRECONDITION_FAILED", "The record has changed since it was read.", status=412)


def _field_names(call: Call, sobject: SObject) -> list[str]:
    stated = call.query.get("fields")
    if stated is None:
        access = actor_of(call).access
        return [field.name for field in sobject.visible_fields if access.find_field(sobject, field.name)]
    return [name.strip() for name in stated.split(",") if name.strip()]


def read_row(call: Call, sobject: SObject, record_ids: list[str], names: list[str], depth: int = 0) -> dict[str, str]:
    """Return the JSON texts of records by id; those not found are missing."""
    items = tuple(ast.Column(ast.Path(tuple(name.split(".")), 0), None, 0) for name in dict.fromkeys(names))
    query = ast.Query(items, False, (ast.Source(ast.Path((sobject.name,), 0), None),), 0)
    statement = Statement("", call.org.schema, settings_of(call))
    try:
        plan = QueryCompiler(statement, query, sobject, unfiltered=True).plan()
    except ApiError as error:
        text = error.message.split("\n")[-1]
        raise ApiError(error.code, text if CUSTOM_FIELD_HINT in text else error.message) from None
    marks = ", ".join(statement.bind(record_id) for record_id in record_ids)
    sql = f'SELECT {plan.select_list} FROM {plan.source} WHERE {plan.where} AND {plan.alias}."Id" IN ({marks})'
    rows = call.org.store.reader.execute(sql, plan.params).fetchall()
    renderer = Renderer(plan, call.org.schema, version=call.version, pretty=call.pretty, depth=depth)
    return {row[1]: renderer.row(row) for row in rows}


def _existing_id(call: Call, sobject: SObject, text: str) -> str:
    """Return the id of a record that is there; raises 404 for a missing, deleted or foreign one."""
    record_id = ids.normalise(text)
    if record_id is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {text}")
    is_deleted = call.org.store.is_deleted(sobject, record_id)
    if is_deleted is None:
        raise not_found()
    if is_deleted:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])
    return record_id


# Update and delete


def update(call: Call, name: str, record_id: str) -> Reply:
    """PATCH /sobjects/X/ID."""
    sobject = find_object(call, name)
    given = call.json_object()
    with writing(call) as records:
        wanted = _existing_id(call, sobject, record_id)
        _check_unchanged(call, sobject, wanted)
        records.update(sobject, wanted, _without_id(given))
        strike_record(call, sobject, wanted, 0)
    call.rows = 1
    return Reply(204)


def _without_id(given: dict[str, Any]) -> dict[str, Any]:
    if any(name.lower() == "id" for name in given):
        raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=["Id"])
    return given


def delete(call: Call, name: str, record_id: str) -> Reply:
    """DELETE /sobjects/X/ID."""
    sobject = find_object(call, name)
    with writing(call) as records:
        wanted = _existing_id(call, sobject, record_id)
        _check_unchanged(call, sobject, wanted)
        records.delete(sobject, wanted)
        strike_record(call, sobject, wanted, 0)
    call.rows = 1
    return Reply(204)


# By external id


def read_external(call: Call, name: str, field_name: str, value: str) -> Reply:
    """GET /sobjects/X/FIELD/value; also a blob's body."""
    sobject = find_object(call, name)
    found = sobject.field(value)
    if ids.normalise(field_name) is not None and found is not None and found.type == "base64":
        return _blob(call, sobject, field_name, found)
    matches = _matches(call, sobject, field_name, value)
    if not matches:
        raise not_found()
    if len(matches) > 1:
        return _ambiguous(call, sobject, matches)
    return read(call, name, matches[0])


def _matches(call: Call, sobject: SObject, field_name: str, value: str) -> list[str]:
    records = Records(call.org.store, actor_of(call))
    return records.matches(sobject, records.external_field(sobject, field_name), value)


def _ambiguous(call: Call, sobject: SObject, matches: list[str]) -> Reply:
    return Reply(300, [f"/services/data/v{call.version}/sobjects/{sobject.name}/{record_id}" for record_id in matches])


def _blob(call: Call, sobject: SObject, record_id: str, field: Field) -> Reply:
    row = call.org.store.get(sobject, _existing_id(call, sobject, record_id))
    stored = row.get(field.name) if row else None
    if stored is None:
        raise not_found()
    return Reply(raw=base64.b64decode(stored), content_type="application/octetstream")


def upsert(call: Call, name: str, field_name: str, value: str = "") -> Reply:
    """PATCH /sobjects/X/FIELD/value (POST /sobjects/X/Id inserts)."""
    sobject = find_object(call, name)
    given = call.json_object()
    with writing(call) as records:
        field = records.external_field(sobject, field_name)
        if field.type != "id" and any(key.lower() == field.name.lower() for key in given):
            raise ApiError(
                "INVALID_FIELD",
                f"The {field.name} field should not be specified in the sobject data.",
                fields=[field.name],
            )
        matches = records.matches(sobject, field, value) if value else []
        if len(matches) > 1:
            return _ambiguous(call, sobject, matches)
        if field.type == "id" and value:
            _existing_id(call, sobject, value)
        if call.flag("updateOnly") and not matches:
            raise not_found()
        record_id, is_new = records.upsert(sobject, field, {**given, field.name: value or None})
        strike_record(call, sobject, matches[0] if matches else None, 0)
    call.rows = 1
    return _upserted(call, sobject, record_id, is_new)


def _upserted(call: Call, sobject: SObject, record_id: str, is_new: bool) -> Reply:
    body = success(record_id) | {"created": is_new}
    if is_new:
        location = f"/services/data/v{call.version}/sobjects/{sobject.name}/{record_id}"
        return Reply(201, body, headers={"Location": location})
    return Reply(200, body) if float(call.version) >= 46 else Reply(204)


def delete_external(call: Call, name: str, field_name: str, value: str) -> Reply:
    """DELETE /sobjects/X/FIELD/value."""
    sobject = find_object(call, name)
    matches = _matches(call, sobject, field_name, value)
    if not matches:
        raise not_found()
    return delete(call, name, matches[0]) if len(matches) == 1 else _ambiguous(call, sobject, matches)


def object_of_body(call: Call) -> str | None:
    """Return the object that the records of a body say they are, for the journal and for faults."""
    try:
        body = call.json()
    except ApiError:
        return None
    records = body.get("records") if isinstance(body, dict) else None
    first = records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}
    attributes = first.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    found = call.org.schema.get(kind) if isinstance(kind, str) else None
    return found.name if found else kind if isinstance(kind, str) else None


def refuse_body(text: str) -> ApiError:
    """Return the error for a body of the wrong form."""
    return malformed_json(f"{text} at [line:1, column:1]")
