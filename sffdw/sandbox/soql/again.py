"""Statements of an earlier process: their settings and plans, made anew by what the org is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.plan import Plan
from sffdw.sandbox.soql.settings import Settings

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org


def settings_again(org: Org, value: Mapping[str, Any]) -> Settings:
    """Return kept settings with the rights that their user has by now."""
    user_id = str(value["user_id"])
    user = org.users.by_id(user_id)
    rights = {"access": org.users.access(user.username)} if user is not None else {}
    return Settings.read(value, currencies=currencies_of(org.store, user_id), **rights)


def plan_again(org: Org, value: Mapping[str, Any]) -> Plan:
    """Compile a kept statement and return the plan of the query or of its child that was meant."""
    plan = compile_soql(str(value["text"]), org.schema, settings_again(org, value["settings"]))
    for number in value["place"]:
        plan = plan.children[number].plan
    return plan
