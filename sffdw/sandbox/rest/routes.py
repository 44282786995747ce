"""Which function answers which path. Kinds are those of the control plane's statistics and fault conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sffdw.sandbox import oauth
from sffdw.sandbox.bulk import routes as bulk_routes
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.events import bayeux
from sffdw.sandbox.events.push import push
from sffdw.sandbox.login import device, openid, soap, web
from sffdw.sandbox.login.token import token
from sffdw.sandbox.rest import collections, composite, describe, limits, query, records, replication

Answer = Callable[..., Reply]
ObjectOf = Callable[..., str | None]


@dataclass(frozen=True)
class Route:
    """One path with the methods it takes; groups of the pattern become arguments."""

    pattern: re.Pattern[str]
    kind: str
    methods: dict[str, Answer]
    object_of: ObjectOf | None = None
    is_open: bool = False  # needs no session


def _named(call: Call, name: str, *rest: str) -> str | None:
    found = call.org.schema.get(name)
    return found.name if found else name


def _from_query(call: Call, *rest: str) -> str | None:
    return query.object_of_query(call)


def _from_locator(call: Call, locator: str) -> str | None:
    return query.object_of_locator(call, locator)


def _from_body(call: Call, *rest: str) -> str | None:
    return records.object_of_body(call)


def _route(
    path: str,
    kind: str,
    object_of: ObjectOf | None = None,
    table: Mapping[str, Answer] | None = None,
    *,
    is_open: bool = False,
    **methods: Answer,
) -> Route:
    """Make a route; methods are named or come as a table."""
    pattern = re.compile(path.replace("{}", "([^/]+)").replace("{*}", "(.+)") + "/?", re.IGNORECASE)
    return Route(pattern, kind, {**(table or {}), **methods}, object_of, is_open)


# Below /services/data/vXX.0; the first match counts.
DATA_ROUTES = (
    _route("", "other", GET=describe.resources),
    _route("/sobjects", "describe_global", GET=describe.describe_global),
    _route("/sobjects/{}/describe", "describe", _named, GET=describe.describe),
    _route(
        "/sobjects/{}/describe/(?:layouts|approvalLayouts|namedLayouts)(?:/[^/]+)?",
        "describe",
        _named,
        GET=describe.layouts,
    ),
    _route("/sobjects/{}/describe/compactLayouts(?:/primary)?", "describe", _named, GET=describe.compact_layouts),
    _route("/sobjects/{}/listviews", "other", _named, GET=describe.list_views),
    _route("/sobjects/{}/updated", "updated", _named, GET=replication.updated),
    _route("/sobjects/{}/deleted", "deleted", _named, GET=replication.deleted),
    _route("/sobjects/{}", "create", _named, GET=describe.sobject_info, POST=records.create),
    _route("/sobjects/([^/]+)/(Id)", "upsert", _named, POST=records.upsert),
    _route(
        "/sobjects/{}/{}",
        "record",
        _named,
        GET=records.read,
        HEAD=records.read,
        PATCH=records.update,
        DELETE=records.delete,
    ),
    _route("/sobjects/StreamingChannel/{}/push", "event", POST=push),
    _route(
        "/sobjects/{}/{}/{*}",
        "upsert",
        _named,
        GET=records.read_external,
        PATCH=records.upsert,
        DELETE=records.delete_external,
    ),
    _route("/recent", "other", GET=describe.recent),
    _route("/tooling/query", "query", _from_query, GET=query.query),
    _route("/tooling/sobjects", "describe_global", GET=describe.describe_global),
    _route("/query", "query", _from_query, GET=query.query),
    _route("/queryAll", "query", _from_query, GET=query.query_all),
    _route("/(?:query|queryAll)/{}", "query_more", _from_locator, GET=query.query_more),
    _route(
        "/composite/sobjects",
        "collections",
        _from_body,
        POST=collections.create,
        PATCH=collections.update,
        DELETE=collections.delete,
    ),
    _route("/composite/sobjects/{}", "collections", _named, GET=collections.retrieve, POST=collections.retrieve),
    _route("/composite/sobjects/{}/{}", "collections", _named, PATCH=collections.upsert),
    _route("/composite", "composite", POST=composite.composite),
    _route("/composite/batch", "batch", POST=composite.batch),
    _route("/composite/graph", "graph", POST=composite.graph),
    _route("/composite/tree/{}", "tree", _named, POST=composite.tree),
    *(_route(path, kind, object_of, methods) for path, kind, object_of, methods in bulk_routes.DATA),
    _route("/limits", "limits", GET=limits.limits),
    _route("/limits/recordCount", "record_count", GET=limits.record_count),
)
ROUTES = (
    _route("/services/data", "versions", is_open=True, GET=describe.versions),
    _route("/services/oauth2/token", "token", is_open=True, POST=token),
    _route("/services/oauth2/authorize", "token", is_open=True, GET=web.authorize, POST=web.authorize),
    _route(device.PATH, "token", is_open=True, GET=device.connect, POST=device.connect),
    _route("/services/Soap/([uc])/([^/]+)(?:/00D[^/]*)?", "soap", is_open=True, POST=soap.answer),
    _route("/services/oauth2/revoke", "other", is_open=True, GET=oauth.revoke, POST=oauth.revoke),
    _route("/services/oauth2/introspect", "other", is_open=True, POST=oauth.introspect),
    _route("/services/oauth2/userinfo", "other", GET=oauth.userinfo, POST=oauth.userinfo),
    _route(
        r"/cometd(?:/replay)?/?([^/]*)(?:/\w+)?",
        "event",
        bayeux.object_of_messages,
        is_open=True,
        POST=bayeux.answer,
    ),
    *(_route(path, kind, object_of, methods) for path, kind, object_of, methods in bulk_routes.ROOT),
    _route("/id/keys", "other", is_open=True, GET=openid.keys),
    _route("/\\.well-known/openid-configuration", "other", is_open=True, GET=openid.configuration),
    _route("/id/{}/{}", "other", GET=oauth.identity),
)
_KINDS_BY_METHOD = {
    ("record", "PATCH"): "update",
    ("record", "DELETE"): "delete",
    ("upsert", "GET"): "record",
    ("upsert", "DELETE"): "delete",
    ("create", "GET"): "describe",
    ("bulk_upload", "GET"): "bulk_job",
}


def kind_of(route: Route, method: str) -> str:
    """Return the kind of a call: some paths mean different things by method."""
    return _KINDS_BY_METHOD.get((route.kind, method), route.kind)
