"""Salesforce's standard objects: one module each (small kin share one), written in the form `notation` explains.

What these state are facts of an org without managed packages; optional fields come with the feature that brings them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..schema.sobject import SObject
from .notation import read_object

MODULES = (
    *("account", "contact", "lead", "opportunity", "opportunity_history", "opportunity_contact_role"),
    *("opportunity_line_item", "case", "case_comment", "task", "event", "event_relation", "campaign"),
    *("campaign_member", "campaign_member_status", "product2", "pricebook2", "pricebook_entry", "asset", "contract"),
    *("order", "order_item", "quote", "quote_line_item", "user", "user_role", "profile", "user_license"),
    *("permission_set", "permission_set_assignment", "group", "group_member", "queue_sobject", "record_type"),
    *("organization", "note", "attachment", "content_document", "content_version", "content_document_link"),
    *("account_contact_relation", "account_contact_role", "account_team_member", "email_message", "document"),
    *("statuses", "individual", "dandb_company", "operating_hours", "currency_type"),
)


@cache
def standard_objects() -> tuple[SObject, ...]:
    """Read all modules once."""
    texts = (import_module(f"{__name__}.{module}").NOTATION for module in MODULES)
    return tuple(read_object(text) for notation in texts for text in notation.split("\n=\n"))
