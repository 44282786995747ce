"""Requests within requests: what they may hold, and that no value of a wrong kind brings the org down."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sffdw.sandbox.call import Call
from sffdw.sandbox.dispatch import dispatch, make_call
from tests.unit.sandbox.conftest import DATA, Caller

LIMITS = {"method": "GET", "url": f"{DATA}/limits"}
CREATE = {"method": "POST", "url": f"{DATA}/sobjects/Account", "body": {"Name": "x"}}


def named(count: int, request: dict[str, Any] = LIMITS) -> list[dict[str, Any]]:
    return [{**request, "referenceId": f"r{number}"} for number in range(count)]


def leaf(name: str, kind: str = "Account", **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": name}, **values}


QUERY = {"method": "GET", "url": f"{DATA}/query?q=SELECT+Id+FROM+Account"}
COMPOSITE = [
    (named(26), "LIMIT_EXCEEDED"),
    (named(6, QUERY), "LIMIT_EXCEEDED"),
    ([LIMITS], "INVALID_INPUT"),
    ([{**LIMITS, "referenceId": "a-b"}], "INVALID_INPUT"),
    ([{**LIMITS, "referenceId": "a"}] * 2, "INVALID_INPUT"),
    ([], "JSON_PARSER_ERROR"),
]


@pytest.mark.parametrize(("requests", "code"), COMPOSITE)
def test_a_composite_that_breaks_a_rule_is_refused_as_a_whole(sf: Caller, requests: Any, code: str) -> None:
    reply = sf.send("POST", "/composite", {"compositeRequest": requests})
    assert (reply.status, reply.body[0]["errorCode"]) == (400, code)


def test_the_largest_composites_are_taken(sf: Caller) -> None:
    for requests in (named(25), named(5, QUERY)):
        answers = sf.post("/composite", {"compositeRequest": requests})["compositeResponse"]
        assert {answer["httpStatusCode"] for answer in answers} == {200}


@pytest.mark.parametrize(
    "url", [f"{DATA}/composite", f"{DATA}/composite/batch", f"{DATA}/jobs/query", "v62.0/limits", "https://example.com/"]
)
def test_some_addresses_are_no_subrequests(sf: Caller, url: str) -> None:
    request = {"method": "POST", "url": url, "referenceId": "a", "body": {}}
    answer = sf.post("/composite", {"compositeRequest": [request]})["compositeResponse"][0]
    assert (answer["httpStatusCode"], answer["body"][0]["errorCode"]) == (400, "INVALID_INPUT")


def chain(length: int) -> list[dict[str, Any]]:
    """Records of which each names the one before as its parent."""
    requests = named(length, CREATE)
    for number, request in enumerate(requests[1:]):
        request["body"] = {"Name": "x", "ParentId": f"@{{r{number}.id}}"}
    return requests


KINDS = [{"method": "POST", "url": f"{DATA}/sobjects/X{n}__c", "referenceId": f"r{n}"} for n in range(16)]
GRAPHS: list[tuple[list[dict[str, Any]], str | None]] = [
    (chain(15), None),
    (chain(16), "LIMIT_EXCEEDED"),
    (named(1, QUERY), "INVALID_INPUT"),
    ([{**CREATE, "referenceId": "a"}] * 2, "INVALID_INPUT"),
    (KINDS, "LIMIT_EXCEEDED"),
]


@pytest.mark.parametrize(("requests", "code"), GRAPHS)
def test_a_graph_that_breaks_a_rule_fails_and_leaves_the_others(sf: Caller, requests: Any, code: str | None) -> None:
    graphs = [
        {"graphId": "1", "compositeRequest": requests},
        {"graphId": "2", "compositeRequest": [{**CREATE, "referenceId": "a"}]},
    ]
    first, second = sf.post("/composite/graph", {"graphs": graphs})["graphs"]
    assert (first["isSuccessful"], second["isSuccessful"]) == (code is None, True)
    if code is not None:
        assert first["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == code


def test_graphs_have_names_of_their_own(sf: Caller) -> None:
    graphs = [{"graphId": name, "compositeRequest": named(1, CREATE)} for name in ("a", "a")]
    assert sf.send("POST", "/composite/graph", {"graphs": graphs}).body[0]["errorCode"] == "INVALID_INPUT"


def test_processing_stops_after_fourteen_failed_graphs(sf: Caller) -> None:
    bad = [{**CREATE, "body": {}, "referenceId": "a"}]
    graphs = [{"graphId": str(number), "compositeRequest": bad} for number in range(15)]
    graphs.append({"graphId": "good", "compositeRequest": [{**CREATE, "referenceId": "a"}]})
    answers = sf.post("/composite/graph", {"graphs": graphs})["graphs"]
    assert [len(answer["graphResponse"]["compositeResponse"]) for answer in answers] == [1] * 14 + [0, 0]
    assert sf.values("SELECT Id FROM Account") == []


def nested(depth: int) -> dict[str, Any]:
    record = leaf(f"r{depth}", Name="x")
    return record | ({"ChildAccounts": {"records": [nested(depth - 1)]}} if depth > 1 else {})


TREES: list[tuple[list[Any], int]] = [
    ([nested(5)], 201),
    ([nested(6)], 400),
    ([leaf(f"r{number}", Name="x") for number in range(200)], 201),
    ([leaf(f"r{number}", Name="x") for number in range(201)], 400),
    ([leaf("a", Name="x"), leaf("a", Name="y")], 400),
    ([{"attributes": {"type": "Account"}, "Name": "x"}], 400),
    ([leaf("a", "Contact", LastName="x")], 400),
    ([1], 400),
]


@pytest.mark.parametrize(("records", "status"), TREES)
def test_a_tree_has_its_limits(sf: Caller, records: list[Any], status: int) -> None:
    assert sf.send("POST", "/composite/tree/Account", {"records": records}).status == status


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/composite/sobjects", {"records": [{"attributes": {"type": "Account"}, "Name": "x"}]}),
    ("POST", "/composite/sobjects/Account", {"ids": ["001000000000001"], "fields": ["Name"]}),
    ("POST", "/composite", {"compositeRequest": [{**CREATE, "referenceId": "r", "httpHeaders": {"A": "b"}}]}),
    ("POST", "/composite/batch", {"batchRequests": [{**LIMITS, "richInput": {"Name": "x"}}]}),
    ("POST", "/composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": named(1, CREATE)}]}),
    ("POST", "/composite/tree/Account", {"records": [nested(2)]}),
    ("POST", "/sobjects/Account", {"Name": "x", "AnnualRevenue": 1, "Parent": {"Id": "001000000000001"}}),
    ("POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account", "lineEnding": "LF"}),
    ("POST", "/jobs/ingest", {"operation": "insert", "object": "Account", "columnDelimiter": "COMMA"}),
    ("POST", "/_sandbox/records", {"changes": [{"op": "create", "object": "Account", "values": {"Name": "x"}}]}),
    ("POST", "/_sandbox/faults", {"name": "http.drop", "when": {"calls": "999", "kind": "query"}, "params": {"ms": 1}}),
    ("PUT", "/_sandbox/limits", {"DailyApiRequests": {"max": 100000, "remaining": 90000}}),
]
JUNK: list[Any] = [None, 1, 1.5, "x", "", [], {}, [1], {"a": 1}, True, "\ud800"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a JSON value."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*path, key))


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = target = copy.deepcopy(value)
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = junk
    return copied


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
def test_values_of_the_wrong_kind_are_refused_and_never_crash(
    own_sf: Caller, method: str, path: str, body: dict[str, Any]
) -> None:
    for place in places(body):
        for junk in JUNK:
            payload = json.dumps(replaced(body, place, junk)).encode()
            assert own_sf.send(method, path, payload).status < 500, (place, junk)


def test_half_a_character_is_replaced_and_two_halves_are_joined(sf: Caller) -> None:
    for text in ("a\ud83cb", "\ud83c\udf88"):
        assert sf.send("POST", "/sobjects/Account", json.dumps({"Name": text}).encode()).status == 201
    assert sf.values("SELECT Name FROM Account") == ["a�b", "🎈"]
    assert sf.values("SELECT Name FROM Account WHERE Name = '\\ud83c\\udf88'") == ["🎈"]
    assert sf.values("SELECT Name FROM Account WHERE Name = '\\ud83c'") == []


def test_two_slashes_are_one_wherever_they_stand(sf: Caller) -> None:
    for target in (f"/{DATA}/limits", DATA.replace("/", "//") + "//limits/"):
        call = Call(sf.org, "GET", "", target, {}, {"authorization": f"Bearer {sf.token}"})
        assert dispatch(make_call(call)).status == 200


def test_head_is_get_and_other_schemes_are_refused(sf: Caller) -> None:
    assert sf.send("HEAD", "/query?q=SELECT+Id+FROM+Account").status == 200
    assert sf.send("HEAD", "/composite").status == 405
    refused = sf.send("GET", "/limits", authorization="Basic YTpi")
    assert refused.status == 401
    assert refused.body == [{"message": "INVALID_HEADER_TYPE", "errorCode": "INVALID_AUTH_HEADER"}]
    assert sf.send("GET", "/limits", authorization=f"OAuth {sf.token}").status == 200


def test_compact_layouts_show_the_name(sf: Caller) -> None:
    (layout,) = sf.get("/sobjects/Account/describe/compactLayouts")["compactLayouts"]
    assert (layout["name"], [item["label"] for item in layout["fieldItems"]]) == ("SYSTEM", ["Account Name"])
