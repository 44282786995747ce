"""sObject Collections: up to 200 records of one operation in a request, each with its own result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sffdw.sandbox import ids
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.dml.validate import record_id_of
from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.rest.describe import find_object
from sffdw.sandbox.rest.dml_faults import strike_record
from sffdw.sandbox.rest.records import actor_of, read_row, refuse_body
from sffdw.sandbox.schema import SObject

MAX_RECORDS = 200
MAX_RETRIEVED = 2000
MAX_CHUNKS = 10
Result = dict[str, Any]
Operation = Callable[[Records, SObject, dict[str, Any]], Result]


class _RolledBack(Exception):
    """Ends a request of which one record failed while all or none were wanted."""


def create(call: Call) -> Reply:
    """POST /composite/sobjects."""
    return _change(call, _create_one)


def update(call: Call) -> Reply:
    """PATCH /composite/sobjects."""
    return _change(call, _update_one)


def upsert(call: Call, name: str, field_name: str) -> Reply:
    """PATCH /composite/sobjects/X/FIELD."""
    sobject = find_object(call, name)
    field = Records(call.org.store, actor_of(call)).external_field(sobject, field_name)

    def upsert_one(records: Records, target: SObject, given: dict[str, Any]) -> Result:
        if target.name != sobject.name:
            raise ApiError("INVALID_TYPE", f"record type {target.name} does not match {sobject.name}", fields=[])
        record_id, is_new = records.upsert(sobject, field, given)
        return {"id": record_id, "success": True, "errors": [], "created": is_new}

    return _change(call, upsert_one, default=sobject)


def _create_one(records: Records, sobject: SObject, given: dict[str, Any]) -> Result:
    return {"id": records.create(sobject, given), "success": True, "errors": []}


def _update_one(records: Records, sobject: SObject, given: dict[str, Any]) -> Result:
    stated = next((value for name, value in given.items() if name.lower() == "id"), None)
    if not stated:
        raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", fields=["Id"])
    record_id = record_id_of(sobject, stated)
    records.update(sobject, record_id, given)
    return {"id": record_id, "success": True, "errors": []}


def delete(call: Call) -> Reply:
    """DELETE /composite/sobjects?ids=a,b&allOrNone=."""
    texts = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    if not texts:
        raise ApiError("MISSING_ARGUMENT", "ids not specified in a delete call")
    _check_count(len(texts), MAX_RECORDS)

    def delete_one(records: Records, sobject: SObject, given: dict[str, Any]) -> Result:
        record_id = record_id_of(sobject, given["Id"])
        records.delete(sobject, record_id)
        return {"id": record_id, "success": True, "errors": []}

    items = [{"Id": text} for text in texts]
    return _run(call, items, call.flag("allOrNone"), delete_one, _object_by_id)


# One request


def _change(call: Call, operation: Operation, *, default: SObject | None = None) -> Reply:
    body = call.json_object()
    items = body.get("records")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refuse_body("The records property must be an array of objects")
    _check_count(len(items), MAX_RECORDS)
    _check_chunks(items)

    def object_of(call: Call, item: dict[str, Any]) -> SObject:
        kind = type_of(item)
        if kind is None and default is not None:
            return default
        if kind is None:
            raise ApiError("INVALID_INPUT", "The attributes.type property is required for each record", fields=[])
        found = call.org.schema.get(kind)
        if found is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{kind}' is not supported.", fields=[])
        return found

    return _run(call, items, bool(body.get("allOrNone", False)), operation, object_of)


def type_of(item: dict[str, Any]) -> str | None:
    """Return the object that a record states, if it does."""
    attributes = item.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    return kind if isinstance(kind, str) else None


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise ApiError(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call"
        )


def _check_chunks(items: list[dict[str, Any]]) -> None:
    """Records are processed in runs of one object; a request holds at most ten runs."""
    kinds = [type_of(item) for item in items]
    runs = sum(1 for place, kind in enumerate(kinds) if place == 0 or kind != kinds[place - 1])
    if runs > MAX_CHUNKS:
        raise ApiError("LIMIT_EXCEEDED", f"The request has more than {MAX_CHUNKS} chunks of different object types")


def _object_by_id(call: Call, item: dict[str, Any]) -> SObject:
    record_id = ids.normalise(item["Id"])
    found = call.org.schema.by_prefix(record_id) if record_id else None
    if found is None:
        raise ApiError("MALFORMED_ID", f"malformed id {item['Id']}", fields=[])
    return found


def _run(
    call: Call,
    items: list[dict[str, Any]],
    all_or_none: bool,
    operation: Operation,
    object_of: Callable[[Call, dict[str, Any]], SObject],
) -> Reply:
    """Apply an operation to each record on its own savepoint; results stand in request order."""
    results: list[Result] = []
    seen: set[str] = set()
    try:
        with call.org.store.transaction():
            records = Records(call.org.store, actor_of(call))
            for position, item in enumerate(items):
                results.append(_one(call, records, position, item, operation, object_of, seen))
            if all_or_none and not all(result["success"] for result in results):
                raise _RolledBack
    except _RolledBack:
        results = [_rolled_back(result) for result in results]
    call.rows = sum(1 for result in results if result["success"])
    return Reply(body=results)


def _one(
    call: Call,
    records: Records,
    position: int,
    item: dict[str, Any],
    operation: Operation,
    object_of: Callable[[Call, dict[str, Any]], SObject],
    seen: set[str],
) -> Result:
    stated = next((value for name, value in item.items() if name.lower() == "id" and value), None)
    try:
        with call.org.store.transaction():
            sobject = object_of(call, item)
            record_id = ids.normalise(stated)
            if record_id is not None and record_id in seen:
                raise ApiError("DUPLICATE_VALUE", f"duplicate id: {record_id[:15]}", fields=["Id"])
            seen.add(record_id or "")
            result = operation(records, sobject, item)
            strike_record(call, sobject, record_id, position)
            return result
    except ApiError as error:
        failed: Result = {"id": stated} if stated and ids.normalise(stated) else {}
        return failed | {"success": False, "errors": [error.row_error()]}


def _rolled_back(result: Result) -> Result:
    if not result["success"]:
        return result
    error = ApiError(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
    return {"success": False, "errors": [error.row_error()]}


# Retrieve


def retrieve(call: Call, name: str) -> Reply:
    """GET or POST /composite/sobjects/X with ids and fields."""
    sobject = find_object(call, name)
    if call.method == "GET":
        texts, names = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    else:
        body = call.json_object()
        texts, names = body.get("ids") or [], body.get("fields") or []
        if not (_is_list_of_texts(texts) and _is_list_of_texts(names)):
            raise refuse_body("The ids and fields properties must be arrays of strings")
    names = [field.strip() for field in names if field.strip()]
    if not names:
        raise ApiError("MISSING_ARGUMENT", "fields not specified in a retrieve call")
    _check_count(len(texts), MAX_RETRIEVED)
    wanted = [record_id_of(sobject, text.strip()) for text in texts if text.strip()]
    found = read_row(call, sobject, wanted, names, depth=0)
    call.rows = len(found)
    return Reply(body=[json.loads(found[record_id]) if record_id in found else None for record_id in wanted])


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
