"""Salesforce's standard objects: one module each (small kin share one), written in the form `notation` explains.

What these state are facts of an org without managed packages; optional fields come with the feature that brings them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sffdw.sandbox.objects import groups
from sffdw.sandbox.objects.notation import needed_feature, read_field, read_object, read_optional_fields
from sffdw.sandbox.schema.field import Field, make_field
from sffdw.sandbox.schema.sobject import SObject

MODULES = (
    *("account", "contact", "lead", "opportunity", "opportunity_history", "opportunity_contact_role"),
    *("opportunity_line_item", "case", "case_comment", "task", "event", "event_relation", "campaign"),
    *("campaign_member", "campaign_member_status", "product2", "pricebook2", "pricebook_entry", "asset", "contract"),
    *("order", "order_item", "quote", "quote_line_item", "user", "user_role", "profile", "user_license"),
    *("permission_set", "permission_set_assignment", "group", "group_member", "queue_sobject", "record_type"),
    *("organization", "note", "attachment", "content_document", "content_version", "content_document_link"),
    *("account_contact_relation", "account_contact_role", "account_team_member", "email_message", "document"),
    *("filtered", "statuses", "individual", "push_topic", "dandb_company", "operating_hours", "currency_type"),
    "dated_conversion_rate",
)
# What features bring to every custom object.
CUSTOM_OBJECTS = ('@currency "Currency ISO Code"',)


@cache
def standard_objects(features: frozenset[str] = frozenset()) -> tuple[SObject, ...]:
    """Read all modules once: the objects of an org with these features."""
    needed = ((text, needed_feature(text)) for text in _texts())
    return tuple(read_object(text, features) for text, feature in needed if feature is None or feature in features)


@cache
def optional_fields(object_name: str) -> tuple[Field, ...]:
    """Give the standard fields that an object has only in orgs with some feature (state and country codes …)."""
    return _optional_fields().get(object_name.lower(), ())


@cache
def _optional_fields() -> dict[str, tuple[Field, ...]]:
    return {read_object(text).name.lower(): read_optional_fields(text) for text in _texts()}


def optional_object(name: str) -> SObject | None:
    """Find a standard object that only orgs with some feature have."""
    lacking = (text for text in _texts() if needed_feature(text) is not None)
    return next((found for text in lacking if (found := read_object(text)).name.lower() == name.lower()), None)


def custom_object_fields(features: frozenset[str]) -> tuple[Field, ...]:
    """Give the fields that features bring to every custom object."""
    stated = (read_field(groups.expand(line)) for line in CUSTOM_OBJECTS)
    return tuple(make_field(item) for item in stated if item.pop("when") in features)


@cache
def _texts() -> tuple[str, ...]:
    notations = (import_module(f"{__name__}.{module}").NOTATION for module in MODULES)
    return tuple(text for notation in notations for text in notation.split("\n=\n"))
