"""Salesforce's standard objects: one module each (small kin share one), written in the form `notation` explains.

What these state are facts of an org without managed packages; optional fields come with the feature that brings them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sffdw.sandbox.objects.notation import read_object, read_optional_fields
from sffdw.sandbox.schema.field import Field
from sffdw.sandbox.schema.sobject import SObject

MODULES = (
    *("account", "contact", "lead", "opportunity", "opportunity_history", "opportunity_contact_role"),
    *("opportunity_line_item", "case", "case_comment", "task", "event", "event_relation", "campaign"),
    *("campaign_member", "campaign_member_status", "product2", "pricebook2", "pricebook_entry", "asset", "contract"),
    *("order", "order_item", "quote", "quote_line_item", "user", "user_role", "profile", "user_license"),
    *("permission_set", "permission_set_assignment", "group", "group_member", "queue_sobject", "record_type"),
    *("organization", "note", "attachment", "content_document", "content_version", "content_document_link"),
    *("account_contact_relation", "account_contact_role", "account_team_member", "email_message", "document"),
    *("statuses", "individual", "push_topic", "dandb_company", "operating_hours", "currency_type"),
)


@cache
def standard_objects() -> tuple[SObject, ...]:
    """Read all modules once."""
    return tuple(read_object(text) for text in _texts())


@cache
def optional_fields(object_name: str) -> tuple[Field, ...]:
    """Give the standard fields that an object has only in orgs with some feature (state and country codes …)."""
    for sobject, text in zip(standard_objects(), _texts(), strict=True):
        if sobject.name.lower() == object_name.lower():
            return read_optional_fields(text)
    return ()


@cache
def _texts() -> tuple[str, ...]:
    notations = (import_module(f"{__name__}.{module}").NOTATION for module in MODULES)
    return tuple(text for notation in notations for text in notation.split("\n=\n"))
