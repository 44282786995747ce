"""Faults and limits."""

from __future__ import annotations

from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.errors import ApiError


def list_faults(call: Call) -> Reply:
    """GET /_sandbox/faults."""
    return Reply(body=call.org.faults.listed())


def add_fault(call: Call) -> Reply:
    """POST /_sandbox/faults {name, when, params}; parameters that mean nothing are named in the answer."""
    fault = call.org.faults.add(call.json_object())
    return Reply(201, {"id": fault.id} | ({"ignored": fault.ignored} if fault.ignored else {}))


def remove_faults(call: Call) -> Reply:
    """DELETE /_sandbox/faults."""
    call.org.faults.remove()
    return Reply(204)


def remove_fault(call: Call, fault_id: str) -> Reply:
    """DELETE /_sandbox/faults/ID."""
    if not fault_id.isdigit():
        raise ApiError("NOT_FOUND", f"no fault {fault_id}", status=404)
    call.org.faults.remove(int(fault_id))
    return Reply(204)


def show_limits(call: Call) -> Reply:
    """GET /_sandbox/limits."""
    return Reply(body=call.org.limits.shown())


def set_limits(call: Call) -> Reply:
    """PUT /_sandbox/limits {NAME: {max, remaining}, "concurrent": N}."""
    call.org.limits.set(call.json_object())
    return Reply(body=call.org.limits.shown())
