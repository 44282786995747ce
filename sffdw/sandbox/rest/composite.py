"""Composite, batch, graph and tree: several requests or records in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.records import Records
from sffdw.sandbox.errors import ApiError, malformed_json
from sffdw.sandbox.jsontext import dumps
from sffdw.sandbox.rest.describe import find_object
from sffdw.sandbox.rest.records import actor_of
from sffdw.sandbox.rest.subrequests import REFERENCE, check_address, check_graph, check_references

MAX_SUBREQUESTS, MAX_QUERIES = 25, 5
MAX_GRAPHS, MAX_NODES, MAX_FAILED_GRAPHS = 75, 500, 14
MAX_TREE_RECORDS, MAX_TREE_DEPTH, MAX_TREE_TYPES = 200, 5, 5
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _RolledBack(Exception):
    """Ends a transaction of which one part failed."""


# Composite


def composite(call: Call) -> Reply:
    """POST /composite."""
    body = call.json_object()
    requests = _requests(body, "compositeRequest")
    if len(requests) > MAX_SUBREQUESTS:
        raise ApiError("LIMIT_EXCEEDED", f"The number of subrequests cannot exceed {MAX_SUBREQUESTS}")
    queries = sum(1 for item in requests if re.search(r"/(query|queryAll|composite/sobjects)\b", str(item.get("url"))))
    if queries > MAX_QUERIES:
        raise ApiError("LIMIT_EXCEEDED", f"The number of query and collection subrequests cannot exceed {MAX_QUERIES}")
    check_references(requests)
    responses = _transaction(call, requests, all_or_none=bool(body.get("allOrNone", False)))
    return Reply(body={"compositeResponse": responses})


def _requests(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    requests = body.get(name)
    if not isinstance(requests, list) or not requests or not all(isinstance(item, dict) for item in requests):
        raise malformed_json(f"The {name} property must be an array of requests at [line:1, column:1]")
    return requests


def _transaction(call: Call, requests: list[dict[str, Any]], *, all_or_none: bool) -> list[dict[str, Any]]:
    """Run subrequests in order in one transaction; with `all_or_none` a failure undoes the others."""
    known: dict[str, Any] = {}
    responses: list[dict[str, Any]] = []
    try:
        with call.org.store.transaction():
            for item in requests:
                responses.append(_subrequest(call, item, known))
                if all_or_none and responses[-1]["httpStatusCode"] >= 400:
                    raise _RolledBack
    except _RolledBack:
        return _halted(requests, responses)
    return responses


def _halted(requests: list[dict[str, Any]], responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    culprit = len(responses) - 1
    return [
        responses[place]
        if place == culprit
        else _response(item, 400, ApiError("PROCESSING_HALTED", _HALTED).body(), {})
        for place, item in enumerate(requests)
    ]


def _response(item: dict[str, Any], status: int, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    return {"body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": item.get("referenceId")}


def _subrequest(call: Call, item: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    try:
        url = _substitute(item.get("url", ""), known)
        body = _substitute(item.get("body"), known)
        headers = item.get("httpHeaders") or {}
        if not isinstance(url, str) or not isinstance(headers, dict):
            raise malformed_json("A subrequest has a url and httpHeaders at [line:1, column:1]")
        check_address(url)
    except ApiError as error:
        return _response(item, error.status, error.body(), {})
    reply = run_subrequest(call, str(item.get("method", "GET")), url, body, headers)
    value = reply.value()
    if reply.status < 400 and item.get("referenceId"):
        known[str(item["referenceId"])] = value
    shown = {name: text for name, text in reply.headers.items() if name in {"Location", "ETag", "Last-Modified"}}
    return _response(item, reply.status, value, shown)


def run_subrequest(call: Call, method: str, url: str, body: Any, headers: dict[str, str]) -> Reply:
    """Answer one request within another, in its transaction and with its session."""
    from sffdw.sandbox.dispatch import dispatch_inner

    payload = b"" if body is None else dumps(body).encode()
    return dispatch_inner(
        call, method.upper(), url, payload, {name.lower(): str(text) for name, text in headers.items()}
    )


def _substitute(value: Any, known: dict[str, Any]) -> Any:
    """Replace `@{ref.path}` in strings by what an earlier subrequest answered."""
    if isinstance(value, dict):
        return {key: _substitute(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item, known) for item in value]
    if not isinstance(value, str):
        return value
    return REFERENCE.sub(lambda match: str(_look_up(match[0], match[1], match[2], known)), value)


def _look_up(whole: str, reference: str, path: str, known: dict[str, Any]) -> Any:
    value = known.get(reference)
    for name, index in _STEP.findall(path):
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif name and isinstance(value, dict):
            value = value.get(name, next((item for key, item in value.items() if key.lower() == name.lower()), None))
        else:
            value = None
    if value is None:
        shown = whole[2:-1]
        raise ApiError("PROCESSING_HALTED", f"Invalid reference specified. No value for {shown} found in {reference}")
    return value


# Batch


def batch(call: Call) -> Reply:
    """POST /composite/batch."""
    body = call.json_object()
    requests = _requests(body, "batchRequests")
    if len(requests) > MAX_SUBREQUESTS:
        raise ApiError("LIMIT_EXCEEDED", f"The number of subrequests cannot exceed {MAX_SUBREQUESTS}")
    results: list[dict[str, Any]] = []
    failed = False
    for item in requests:
        if failed and body.get("haltOnError"):
            error = ApiError("BATCH_PROCESSING_HALTED", "Batch processing halted per request", status=412)
            results.append({"statusCode": 412, "result": error.body()})
            continue
        call.org.limits.spend_call()
        url = str(item.get("url", ""))
        url = url if url.startswith("/") else f"/services/data/{url}"
        reply = run_subrequest(call, str(item.get("method", "GET")), url, item.get("richInput"), {})
        failed = failed or reply.status >= 400
        results.append({"statusCode": reply.status, "result": reply.value()})
    return Reply(body={"hasErrors": failed, "results": results})


# Graph


def graph(call: Call) -> Reply:
    """POST /composite/graph."""
    graphs = _requests(call.json_object(), "graphs")
    nodes = sum(len(_requests(item, "compositeRequest")) for item in graphs)
    _check_graph_ids(graphs)
    if len(graphs) > MAX_GRAPHS or nodes > MAX_NODES:
        raise ApiError("LIMIT_EXCEEDED", f"A request takes at most {MAX_GRAPHS} graphs and {MAX_NODES} nodes")
    answers: list[dict[str, Any]] = []
    failures = 0
    for item in graphs:
        if failures >= MAX_FAILED_GRAPHS:
            answers.append(_graph_answer(item, [], is_successful=False))
            continue
        responses = _graph(call, _requests(item, "compositeRequest"))
        is_successful = all(response["httpStatusCode"] < 400 for response in responses)
        failures += not is_successful
        answers.append(_graph_answer(item, responses, is_successful=is_successful))
    return Reply(body={"graphs": answers})


def _check_graph_ids(graphs: list[dict[str, Any]]) -> None:
    names = [item.get("graphId") for item in graphs]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise ApiError("INVALID_INPUT", "Each graph needs a graphId of its own")


def _graph(call: Call, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run one graph; one that breaks a rule fails as a whole, and the others go on."""
    try:
        check_references(requests)
        check_graph(requests)
    except ApiError as error:
        return [_response(item, error.status, error.body(), {}) for item in requests]
    return _transaction(call, requests, all_or_none=True)


def _graph_answer(item: dict[str, Any], responses: list[dict[str, Any]], *, is_successful: bool) -> dict[str, Any]:
    return {
        "graphId": item.get("graphId"),
        "graphResponse": {"compositeResponse": responses},
        "isSuccessful": is_successful,
    }


# Tree


def tree(call: Call, name: str) -> Reply:
    """POST /composite/tree/X: records with their children, all or none."""
    sobject = find_object(call, name)
    records = call.json_object().get("records")
    if not isinstance(records, list) or not records:
        raise malformed_json("The records property must be an array of records at [line:1, column:1]")
    flat = list(_flatten(records, 1))
    _check_tree(flat, sobject.name)
    planter = _Planter(call)
    try:
        with call.org.store.transaction():
            for record in records:
                planter.plant(sobject.name, record, {})
            if planter.errors:
                raise _RolledBack
    except _RolledBack:
        return Reply(400, {"hasErrors": True, "results": planter.errors})
    call.rows = len(planter.results)
    return Reply(201, {"hasErrors": False, "results": planter.results})


def _flatten(records: list[Any], depth: int) -> Iterator[tuple[dict[str, Any], int]]:
    for record in records:
        if not isinstance(record, dict) or not isinstance(record.get("attributes"), dict):
            raise malformed_json("Each record of a tree is an object with attributes at [line:1, column:1]")
        yield record, depth
        for value in record.values():
            if isinstance(value, dict) and isinstance(value.get("records"), list):
                yield from _flatten(value["records"], depth + 1)


def _check_tree(flat: list[tuple[dict[str, Any], int]], name: str) -> None:
    """Refuse trees that are too large, name records twice or not at all, or begin with another object."""
    attributes = [record["attributes"] for record, _ in flat]
    types = {str(stated.get("type")).lower() for stated in attributes}
    if len(flat) > MAX_TREE_RECORDS or max(depth for _, depth in flat) > MAX_TREE_DEPTH or len(types) > MAX_TREE_TYPES:
        limits = f"{MAX_TREE_RECORDS} records of {MAX_TREE_TYPES} types in {MAX_TREE_DEPTH} levels"
        raise ApiError("LIMIT_EXCEEDED", f"A tree holds at most {limits}")
    names = [stated.get("referenceId") for stated in attributes]
    if not all(isinstance(stated, str) and stated for stated in names):
        raise ApiError("INVALID_INPUT", "Include a reference ID for each record in the request.")
    if len(set(names)) < len(names):
        raise ApiError("INVALID_INPUT", "Duplicate ReferenceId provided in the request.")
    roots = {str(record["attributes"].get("type", name)).lower() for record, depth in flat if depth == 1}
    if roots != {name.lower()}:
        raise ApiError("INVALID_INPUT", f"The records of the first level must be of type {name}")


class _Planter:
    """Creates the records of a tree from the top and collects results by reference id."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.records = Records(call.org.store, actor_of(call))
        self.results: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def plant(self, object_name: str, record: dict[str, Any], links: dict[str, str]) -> None:
        """Create one record and then its children."""
        attributes = record["attributes"]
        reference = str(attributes["referenceId"])
        sobject = self.records.object(attributes.get("type") or object_name)
        children = {
            key: value
            for key, value in record.items()
            if isinstance(value, dict) and isinstance(value.get("records"), list)
        }
        given = {key: value for key, value in record.items() if key not in children} | links
        record_id = self._create(reference, lambda: self.records.create(sobject, given))
        for key, value in children.items():
            child = self.call.org.schema.child(sobject.name, key)
            if child is None:
                self._fail(
                    reference,
                    ApiError("INVALID_FIELD", f"No such column '{key}' on sobject of type {sobject.name}", fields=[]),
                )
                continue
            for item in value["records"]:
                self.plant(child.child_object, item, {child.field: record_id} if record_id else {})

    def _create(self, reference: str, create: Callable[[], str]) -> str | None:
        try:
            with self.call.org.store.transaction():
                record_id = create()
        except ApiError as error:
            self._fail(reference, error)
            return None
        self.results.append({"referenceId": reference, "id": record_id})
        return record_id

    def _fail(self, reference: str, error: ApiError) -> None:
        self.errors.append({"referenceId": reference, "errors": [error.row_error()]})
