"""Metadata resources: versions, the resource list, global describe and describe with conditional requests."""

from __future__ import annotations

import hashlib
from typing import Any

from sffdw.sandbox import stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError, not_found
from sffdw.sandbox.jsontext import dumps
from sffdw.sandbox.org import VERSIONS
from sffdw.sandbox.rest.details import add_details
from sffdw.sandbox.schema import SObject

_SEASONS = {0: "Spring", 1: "Summer", 2: "Winter"}
_RESOURCES = [
    "tooling",
    "metadata",
    "eclair",
    "folders",
    "prechatForms",
    "contactTracing",
    "jsonxform",
    "chatter",
    "appMenu",
    "payments",
    "compactLayouts",
    "licensing",
    "limits",
    "search",
    "recent",
    "query",
    "queryAll",
    "sobjects",
    "composite",
    "jobs",
    "support",
    "event",
    "consent",
    "ui-api",
    "parameterizedSearch",
    "quickActions",
    "process",
    "knowledgeManagement",
    "analytics",
    "wave",
    "smartdatadiscovery",
    "connect",
    "async-queries",
]


def versions(call: Call) -> Reply:
    """GET /services/data."""
    return Reply(body=[_version(number) for number in VERSIONS])


def _version(number: int) -> dict[str, str]:
    season = _SEASONS[number % 3]
    year = 24 + (number - 60) // 3 + (1 if season == "Winter" else 0)
    return {"label": f"{season} '{year:02d}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def resources(call: Call) -> Reply:
    """GET /services/data/vXX.0."""
    base = f"/services/data/v{call.version}"
    listed = {name: f"{base}/{name}" for name in _RESOURCES}
    return Reply(body=listed | {"identity": f"{call.base_url}/id/{call.org.org_id}/{call.user_id}"})


def find_object(call: Call, name: str) -> SObject:
    """Return the object a path names; raises NOT_FOUND."""
    found = call.org.schema.get(name)
    if found is None and call.org.teacher is not None and name.isidentifier():
        found = call.org.teacher.object(name)
    if found is None or not call.access.can_see(found):
        raise not_found()
    return found


def describe_global(call: Call) -> Reply:
    """GET /sobjects."""
    body = call.org.schema.describe_global(version=call.version)
    access = call.access
    if not access.is_everything:
        body["sobjects"] = [item for item in body["sobjects"] if access.can_see(call.org.schema[item["name"]])]
    return _conditional(call, body, stamps.to_http(call.org.schema.modified_at()), call.org.schema.version)


def sobject_info(call: Call, name: str) -> Reply:
    """GET /sobjects/X: the short description and recent records."""
    sobject = find_object(call, name)
    return Reply(
        body={"objectDescribe": call.org.schema.describe_listing(sobject.name, version=call.version), "recentItems": []}
    )


def describe(call: Call, name: str) -> Reply:
    """GET /sobjects/X/describe."""
    sobject = find_object(call, name)
    schema = call.org.schema
    body = schema.describe(sobject.name, version=call.version, instance_url=call.base_url)
    access = call.access
    if not access.is_everything:
        body["fields"] = [field for field in body["fields"] if access.find_field(sobject, field["name"]) is not None]
    details = add_details(call, sobject, body)
    modified = stamps.to_http(schema.modified_at(sobject.name))
    return _conditional(call, body, modified, (schema.version_of(sobject.name), len(body["fields"]), details))


def _conditional(call: Call, body: Any, modified: str, version: Any) -> Reply:
    """Answer 304 when the caller's copy is still current."""
    tag = hashlib.sha1(dumps([str(version), call.version, call.user_id]).encode()).hexdigest()[:8]
    headers = {"ETag": f'"{tag}"', "Last-Modified": modified}
    since = stamps.from_http(call.headers.get("if-modified-since", ""))
    current = stamps.from_http(modified)
    known_tag = call.headers.get("if-none-match", "").strip('"')
    is_current = known_tag == tag if known_tag else since is not None and current is not None and since >= current
    return Reply(304, headers=headers) if is_current else Reply(body=body, headers=headers)


def layouts(call: Call, name: str) -> Reply:
    """GET /sobjects/X/describe/layouts and the like: objects here have no layouts of their own."""
    find_object(call, name)
    return Reply(body={"layouts": [], "recordTypeMappings": [], "recordTypeSelectorRequired": [False]})


def compact_layouts(call: Call, name: str) -> Reply:
    """GET /sobjects/X/describe/compactLayouts: the system's own, which shows the name."""
    sobject = find_object(call, name)
    shown = sobject.name_field
    path = f"/services/data/v{call.version}/sobjects/{sobject.name}/describe/compactLayouts/primary"
    items = [{"editableForNew": False, "editableForUpdate": False, "label": shown.label}] if shown else []
    layout = {
        "actions": [],
        "fieldItems": items,
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": sobject.name,
    }
    mappings: list[Any] = []
    return Reply(
        body={
            "compactLayouts": [layout],
            "defaultCompactLayoutId": None,
            "recordTypeCompactLayoutMappings": mappings,
            "urls": {"primary": path},
        }
    )


def list_views(call: Call, name: str) -> Reply:
    """GET /sobjects/X/listviews: the org has none."""
    sobject = find_object(call, name)
    empty: list[Any] = []
    body = {"done": True, "listviews": empty, "nextRecordsUrl": None, "size": 0, "sobjectType": sobject.name}
    return Reply(body=body)


def recent(call: Call) -> Reply:
    """GET /recent: records the user viewed; nobody views records here."""
    return Reply(body=[])


def check_version(text: str) -> str:
    """Return the version a path names; raises for retired and unknown ones."""
    number, _, minor = text.partition(".")
    if not number.isdigit() or minor not in {"0", ""}:
        raise not_found()
    if int(number) in VERSIONS:
        return f"{int(number)}.0"
    if 7 <= int(number) < VERSIONS.start:
        raise ApiError(
            "UNSUPPORTED_API_VERSION",
            f"The requested API version v{text} is retired and no longer supported.",
            status=410,
        )
    raise not_found()
