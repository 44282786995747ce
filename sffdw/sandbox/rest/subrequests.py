"""What may stand in a composite request: reference ids, addresses, and the shape of graphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sffdw.sandbox.errors import ApiError

MAX_DEPTH, MAX_KINDS = 15, 15
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_WITHIN = re.compile(r"/services/data/v\d+\.\d/(?!composite(?!/sobjects)|jobs/|async/)", re.IGNORECASE)
_NODE = re.compile(r"/services/data/v\d+\.\d/sobjects/([^/?]+)(?:/[^/?]+){0,2}/?(?:\?.*)?", re.IGNORECASE)


def check_references(requests: Sequence[dict[str, Any]]) -> None:
    """Refuse subrequests without a name, or with one that another has."""
    seen: set[str] = set()
    for item in requests:
        name = item.get("referenceId")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            shown = "Include a reference ID for each subrequest" if not name else f"Invalid reference ID: {name}"
            raise ApiError("INVALID_INPUT", f"{shown} (letters, digits and underscores).")
        if name in seen:
            raise ApiError("INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {name}")
        seen.add(name)


def check_address(url: str) -> None:
    """Refuse what is no subrequest of Composite: other hosts, relative addresses, composites and jobs."""
    if not _WITHIN.match(re.sub("/{2,}", "/", url)):
        raise ApiError("INVALID_INPUT", f"The URL is not supported in a composite request: {url}")


def check_graph(requests: Sequence[dict[str, Any]]) -> None:
    """Refuse graphs of other nodes than records, of too many kinds, or too deep; raises ApiError."""
    kinds, depths = set(), dict[str, int]()
    for item in requests:
        url = str(item.get("url", ""))
        node = _NODE.fullmatch(url)
        if node is None:
            raise ApiError("INVALID_INPUT", f"The URL is not supported in a composite graph: {url}")
        kinds.add((str(item.get("method", "")).upper(), node[1].lower()))
        above = [depths.get(name, 0) for name in _mentioned([url, item.get("body")])]
        depths[str(item.get("referenceId"))] = 1 + max(above, default=0)
    if len(kinds) > MAX_KINDS:
        raise ApiError("LIMIT_EXCEEDED", f"A graph takes at most {MAX_KINDS} different kinds of nodes")
    if max(depths.values(), default=0) > MAX_DEPTH:
        raise ApiError("LIMIT_EXCEEDED", f"A graph is at most {MAX_DEPTH} nodes deep")


def _mentioned(value: Any) -> list[str]:
    """Return the reference ids that a value mentions."""
    if isinstance(value, dict):
        return [name for item in value.values() for name in _mentioned(item)]
    if isinstance(value, list):
        return [name for item in value for name in _mentioned(item)]
    return [match[1] for match in REFERENCE.finditer(value)] if isinstance(value, str) else []
