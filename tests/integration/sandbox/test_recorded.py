"""Replay of interactions recorded from real orgs: the same requests get answers of the same shape and values.

What an interaction takes for granted (records it reads or changes) is put into the org through the control plane.
"""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sffdw.sandbox.objects import standard_objects
from tests.integration.sandbox.conftest import Process

ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
# Resources of later issues, and of no interest to anyone who reads data.
ORG = re.compile(r"(?<=/sobjects/Organization/)\w+")
# What records need to be created at all.
NEEDED: dict[str, dict[str, str]] = {
    **{name: {"Name": "x"} for name in ("Account", "Campaign", "Opportunity", "Product2")},
    **{name: {"LastName": "x"} for name in ("Contact", "Lead", "User")},
}
LEFT_OUT = re.compile(r"/(tooling|connect|services/async)\b")


@pytest.fixture(scope="module")
def interactions(fixtures_dir: Path) -> list[dict[str, Any]]:
    file = Path(os.environ.get("INTERACTIONS") or fixtures_dir / "recorded" / "interactions.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_recorded_interactions_are_answered_alike(
    running: Process, interactions: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    running.login()
    replayed, differences = 0, []
    org_id = running.control("GET", "/")["org_id"]
    for number, recorded in enumerate(interactions):
        item = recorded | {"uri": ORG.sub(org_id, target_of(recorded["uri"]))}
        target = item["uri"]
        if LEFT_OUT.search(target) or not is_real(item):
            continue
        running.control("POST", "/reset", {})
        prepare(running, item)
        body = item["request_body"] and item["request_body"].replace("vxx.0", "v62.0")
        reply = running.call(item["method"], target, data=body, headers={"Content-Type": "application/json"})
        replayed += 1
        difference = compare(item, reply.status_code, reply.text)
        if difference:
            differences.append(f"{number} {item['method']} {target[:80]}: {difference}")
    if os.environ.get("SANDBOX_REPORT"):
        with capsys.disabled():
            print(f"\n{replayed - len(differences)} of {replayed} interactions answered alike;", end=" ")
            print(f"{len(interactions) - replayed} left out: tooling, Bulk 1.0, no JSON, edited by hand", end="")
    assert not differences, "\n".join(differences)
    assert replayed > (0 if os.environ.get("INTERACTIONS") else 50)


def is_real(item: dict[str, Any]) -> bool:
    """Tell recorded answers from those that were edited by hand."""
    return "ManualEdit" not in item["cassette"] and item["response_body"].lstrip()[:1] in {"{", "["}


def target_of(uri: str) -> str:
    parts = urlsplit(uri.replace("vxx.0", "v62.0"))
    return parts.path + (f"?{parts.query}" if parts.query else "")


# What must be there


def prepare(running: Process, item: dict[str, Any]) -> None:
    """Create the records that the request names and that the answer shows."""
    known = running.control("GET", "/")["org_id"]
    changes = [*from_answer(item["response_body"]), *from_request(item)]
    objects: dict[str, dict[str, Any]] = {}
    for change in changes:
        record_id, values = change["id"], change["values"]
        if record_id != known and ID.fullmatch(record_id):
            objects.setdefault(record_id, change)["values"].update(values)
    for change in sorted(objects.values(), key=lambda change: change["object"] != "Account"):
        (result,) = running.control("POST", "/records", {"raw": True, "changes": [change]})["results"]
        assert result["success"] or result["errors"][0]["statusCode"] == "MALFORMED_ID", (change, result)


def from_answer(text: str) -> list[dict[str, Any]]:
    try:
        answer = json.loads(text)
    except ValueError:
        return []
    if not isinstance(answer, dict) or "records" not in answer:
        return counted(answer)
    found: list[dict[str, Any]] = []
    for record in answer["records"]:
        found += create(record)
    total = [record["expr0"] for record in answer["records"] if "expr0" in record]
    return found + accounts(total[0] if total else 0)


def counted(answer: Any) -> list[dict[str, Any]]:
    """Records for a recordCount answer."""
    if not isinstance(answer, dict) or "sObjects" not in answer:
        return []
    return [change for entry in answer["sObjects"] for change in accounts(entry["count"], entry["name"])]


def accounts(count: int, name: str = "Account") -> list[dict[str, Any]]:
    return [
        {"op": "create", "object": name, "id": f"{prefix_of(name)}{number:012}", "values": dict(NEEDED.get(name, {}))}
        for number in range(count)
    ]


def create(record: dict[str, Any]) -> list[dict[str, Any]]:
    attributes = record.get("attributes", {})
    if "url" not in attributes:
        return []
    found: list[dict[str, Any]] = []
    values = {}
    for name, value in record.items():
        if isinstance(value, dict) and "attributes" in value and "url" in value["attributes"]:
            found += create(value)
            values[f"{name}Id"] = value["attributes"]["url"].rsplit("/", 1)[1]
        elif isinstance(value, dict) and "records" in value:
            for child in value["records"]:
                (made,) = create(child)
                made["values"][f"{attributes['type']}Id"] = attributes["url"].rsplit("/", 1)[1]
                found.append(made)
        elif value is not None and not isinstance(value, dict) and name != "Id":
            values[name] = value
    record_id = record.get("Id") or attributes["url"].rsplit("/", 1)[1]
    kind = attributes["type"]
    if kind == "RecordType":
        values["SobjectType"] = "Account"
    return [
        *found,
        {
            "op": "create",
            "object": kind,
            "id": record_id,
            "values": {n: v for n, v in values.items() if n != "attributes"},
        },
    ]


def from_request(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Records that a change refers to by id; those that an upsert by e-mail found, when it updated."""
    body = json.loads(item["request_body"]) if item["request_body"] else {}
    answers = json.loads(item["response_body"]) if item["request_body"] else []
    found: list[dict[str, Any]] = []
    for place, record in enumerate(body.get("records", []) if isinstance(body, dict) else []):
        for name, value in record.items():
            if name in {"Id", "AccountId", "ParentId", "WhoId", "WhatId"} and value:
                found.append(blank(value))
        answer = answers[place] if place < len(answers) else {}
        if answer.get("created") is False and not record.get("Id"):
            found.append({**blank(answer["id"]), "values": {"LastName": "x", "Email": record["Email"]}})
    return found


def blank(record_id: str) -> dict[str, Any]:
    kind = next(sobject.name for sobject in standard_objects() if sobject.key_prefix == record_id[:3])
    return {"op": "create", "object": kind, "id": record_id, "values": dict(NEEDED.get(kind, {}))}


def prefix_of(name: str) -> str | None:
    return next(sobject.key_prefix for sobject in standard_objects() if sobject.name == name)


# Comparison


def compare(item: dict[str, Any], status: int, text: str) -> str:
    """Say how an answer differs from the recorded one; nothing when it does not."""
    want_status = item["status"]["code"]
    if status != want_status:
        return f"status {status}, recorded {want_status}: {text[:200]}"
    want, got = json.loads(item["response_body"]), json.loads(text)
    if isinstance(want, dict) and "records" in want and all("url" in r.get("attributes", {}) for r in want["records"]):
        return compare_records(want, got)
    return compare_shape(want, got, "")


def compare_records(want: dict[str, Any], got: dict[str, Any]) -> str:
    left = {json.dumps(normal(record), sort_keys=True) for record in want["records"]}
    right = {json.dumps(normal(record), sort_keys=True) for record in got.get("records", [])}
    if not left <= right:
        return f"recorded {sorted(left - right)[:1]}, answered {sorted(right - left)[:1]}"
    return "" if [list(r) for r in want["records"]][:1] == [list(r) for r in got["records"]][:1] else "order of keys"


def normal(value: Any) -> Any:
    if isinstance(value, dict):
        # Where ids were anonymised one by one, the url and the Id of a record differ.
        return {key: normal(item) for key, item in value.items() if key != "url"}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value.replace("vxx.0", "v62.0") if isinstance(value, str) else value


def compare_shape(want: Any, got: Any, path: str) -> str:
    """Compare keys and kinds of values; a null may stand for anything."""
    if isinstance(want, dict) and isinstance(got, dict):
        if "attributes" in want and not path:
            # Which fields an object has depends on the org's features: those of both must stand in the same order.
            want, got = ({key: side[key] for key in side if key in other} for side, other in ((want, got), (got, want)))
        if list(want) != list(got) and "httpHeaders" not in path:
            return f"{path}: keys {list(got)}, recorded {list(want)}"
        found = (compare_shape(want[key], got[key], f"{path}.{key}") for key in want)
        return next((text for text in found if text), "")
    if isinstance(want, list) and isinstance(got, list):
        if path == ".sObjects" and all(entry["count"] == 0 for entry in want):
            return ""  # an org with no records may or may not have a statistic that says so
        if bool(want) != bool(got):
            return f"{path}: {len(got)} items, recorded {len(want)}"
        return compare_shape(want[0], got[0], f"{path}[0]") if want else ""
    if want is None or got is None or kind(want) == kind(got):
        return ""
    return f"{path}: {got!r}, recorded {want!r}"


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
