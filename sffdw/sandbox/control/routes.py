"""Paths of the control plane."""

from __future__ import annotations

import ipaddress
import re
import sys
import traceback
from collections.abc import Callable
from urllib.parse import unquote

from sffdw.sandbox.call import Call, Reply, error_reply
from sffdw.sandbox.control import content, observation, people, trouble
from sffdw.sandbox.errors import ApiError, not_found
from sffdw.sandbox.events.control import list_events, set_events, show_events
from sffdw.sandbox.schema import SchemaError

Answer = Callable[..., Reply]
_ROUTES: tuple[tuple[str, dict[str, Answer]], ...] = (
    ("", {"GET": observation.overview}),
    ("/reset", {"POST": content.reset}),
    ("/stats", {"GET": observation.stats}),
    ("/stats/mark", {"POST": observation.mark}),
    ("/calls", {"GET": observation.calls}),
    ("/records", {"POST": content.change_records}),
    ("/records/([^/]+)", {"GET": content.list_records}),
    ("/objects", {"POST": content.define_object}),
    ("/objects/([^/]+)", {"PATCH": content.alter_object, "DELETE": content.drop_object, "GET": content.show_object}),
    ("/assignment_rules", {"PUT": content.set_assignment_rules}),
    ("/features", {"GET": content.show_features, "PUT": content.set_features}),
    ("/clock", {"GET": observation.show_clock, "PUT": observation.set_clock}),
    ("/faults", {"GET": trouble.list_faults, "POST": trouble.add_fault, "DELETE": trouble.remove_faults}),
    ("/faults/([^/]+)", {"DELETE": trouble.remove_fault}),
    ("/events", {"GET": show_events, "PUT": set_events}),
    ("/events/changes", {"GET": list_events}),
    ("/limits", {"GET": trouble.show_limits, "PUT": trouble.set_limits}),
    ("/users/([^/]+)", {"PUT": people.configure_user}),
    ("/sessions/expire", {"POST": people.expire_sessions}),
    ("/soql", {"POST": observation.check_soql}),
)
ROUTES = tuple((re.compile(pattern + "/?"), methods) for pattern, methods in _ROUTES)


def control_reply(call: Call) -> Reply:
    """Answer a control call; only from this machine."""
    call.org.catch_up()
    try:
        _check_caller(call)
        path = call.path.removeprefix("/_sandbox").rstrip("/")
        for pattern, methods in ROUTES:
            match = pattern.fullmatch(path)
            if match and call.method in methods:
                return methods[call.method](call, *(unquote(group) for group in match.groups()))
            if match:
                raise ApiError("METHOD_NOT_ALLOWED", f"allowed are {', '.join(methods)}", status=405)
        raise not_found(f"no control resource {call.path}")
    except ApiError as error:
        return error_reply(error)
    except SchemaError as error:
        return error_reply(ApiError("INVALID_DEFINITION", str(error)))
    except (TypeError, ValueError, AttributeError) as error:
        # A value of another kind than the control plane takes; where it is not, the log says what went wrong.
        traceback.print_exc(file=sys.stderr)
        return error_reply(ApiError("INVALID_ARGUMENT", f"the request cannot be read: {error}"))


def _check_caller(call: Call) -> None:
    try:
        is_local = ipaddress.ip_address(call.remote).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise ApiError("FORBIDDEN", "the control plane answers to loopback addresses only", status=403)
