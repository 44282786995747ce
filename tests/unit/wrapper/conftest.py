"""Stand-ins for the host and for Salesforce: no sockets, no waiting."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sffdw.calls import Purpose
from sffdw.client import Collection, Deletions, Page, Saved, Told
from sffdw.connection import Connection
from sffdw.errors import Error, ObjectUnknown, RequestError
from sffdw.host import Host
from sffdw.options import Settings, settings_of

OPTIONS = {"wrapper": "sffdw.SalesforceFdw", "login_url": "http://127.0.0.1:9", "api_version": "62.0",
           "auth_flow": "client_credentials", "client_id": "app", "client_secret": "hush"}


def field_of(name: str, sf_type: str, **more: Any) -> dict[str, Any]:
    flags = {"filterable": True, "sortable": True, "createable": True, "updateable": True, "nillable": True}
    return {"name": name, "label": name, "type": sf_type, "length": 80, "referenceTo": []} | flags | more


READ_ONLY = {"createable": False, "updateable": False}
INVOICE = {
    "name": "Invoice__c", "label": "Invoice", "keyPrefix": "a00", "custom": True, "queryable": True,
    "childRelationships": [{"childSObject": "Line__c", "field": "Invoice__c", "relationshipName": "Lines__r",
                            "cascadeDelete": True, "restrictedDelete": False}],
    "fields": [
        field_of("Id", "id", **READ_ONLY), field_of("Name", "string"), field_of("Total__c", "currency"),
        field_of("Paid__c", "boolean"), field_of("Due__c", "date"), field_of("Count__c", "int"),
        field_of("SystemModstamp", "datetime", **READ_ONLY), field_of("Account__c", "reference", updateable=False),
        field_of("Notes__c", "textarea", length=32000, filterable=False, sortable=False),
        field_of("Tags__c", "multipicklist", sortable=False), field_of("At__c", "time"),
        field_of("Place__c", "location", filterable=False, **READ_ONLY), field_of("Rate__c", "double"),
        field_of("Code__c", "string", externalId=True, unique=True),
        field_of("Level__c", "picklist", picklistValues=[
            {"value": "low", "label": "Low", "active": True, "defaultValue": True},
            {"value": "high", "label": "High", "active": False, "defaultValue": False}]),
    ]}


class FakeTransport:
    def __init__(self) -> None:
        self.session_count = 0

    def session(self) -> None:
        self.session_count += 1

    def server_time(self) -> float:
        return 1_700_000_000.0


@dataclass
class FakeClient:
    """Answers queries from `pages` in turn, saves by `save_rule`, and remembers what it was asked."""

    answers: list[Any] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    saved: list[tuple[str, str, list[dict[str, Any]], bool]] = field(default_factory=list)
    save_rule: Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]] | None = None
    together: list[list[int]] = field(default_factory=list)
    at_once: list[list[int]] = field(default_factory=list)
    fails_in_parts: bool = True
    describe_count: int = 0
    asked: list[dict[str, str | None]] = field(default_factory=list)
    transport: FakeTransport = field(default_factory=FakeTransport)
    purposes: list[Purpose] = field(default_factory=list)
    deletions: Deletions = field(default_factory=lambda: Deletions([], None, None))

    def charged(self, purpose: Purpose) -> "FakeClient":
        self.purposes.append(purpose)
        return self

    def pages(self, statement: str, *, has_deleted: bool = False) -> Iterator[Page]:
        self.statements.append(statement)
        for answer in self.answers.pop(0) if self.answers else [Page([], 0, None)]:
            if isinstance(answer, Exception):
                raise answer
            yield answer

    def describe(self, name: str, since: str | None) -> tuple[dict[str, Any] | None, str | None]:
        self.describe_count += 1
        if name.lower() != "invoice__c":
            raise ObjectUnknown(f'object "{name}" does not exist in Salesforce')
        return INVOICE, None

    def describe_all(self, asked: Mapping[str, str | None]) -> dict[str, Told | None]:
        self.asked.append(dict(asked))
        return {name: None if name.lower() != "invoice__c" else (None, since) if since else
                (INVOICE, "Mon, 13 Nov 2023 22:00:00 GMT") for name, since in asked.items()}

    def describe_global(self) -> list[dict[str, Any]]:
        return [{key: value for key, value in INVOICE.items() if key != "fields"},
                {"name": "Hidden__c", "queryable": False}]

    def save(self, operation: str, sobject: str, records: Sequence[Mapping[str, Any]], *, all_or_none: bool,
             external_id_field: str | None = None) -> list[dict[str, Any]]:
        sent = [dict(record) for record in records]
        self.saved.append((operation, sobject, sent, all_or_none))
        if self.save_rule:
            return self.save_rule(operation, sent)
        return [{"id": f"a00{place:012d}AAA", "success": True, "errors": []} for place in range(len(sent))]

    def save_together(self, collections: Sequence[Collection]) -> list[list[dict[str, Any]] | RequestError]:
        """As save for each; what a rule raises fails the Collection alone, or with fails_in_parts off the Composite."""
        self.together.append([len(one.records) for one in collections])
        answers: list[list[dict[str, Any]] | RequestError] = []
        for one in collections:
            try:
                answers.append(self.save(one.operation, one.sobject, one.records, all_or_none=False,
                                         external_id_field=one.external_id_field))
            except RequestError as error:
                if not self.fails_in_parts:
                    raise
                answers.append(error)
        return answers

    def save_at_once(self, bundles: Sequence[Sequence[Collection]]) -> list[Saved]:
        """As save_together for each, one after the other; what fails one leaves the rest alone."""
        self.at_once.append([sum(len(one.records) for one in bundle) for bundle in bundles])
        saved: list[Saved] = []
        for bundle in bundles:
            try:
                saved.append(self.save_together(bundle))
            except Error as error:
                saved.append(error)
        return saved

    def deleted(self, *arguments: Any) -> Deletions:
        return self.deletions


@dataclass
class Warnings:
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    def __call__(self, message: str, hint: str | None) -> None:
        self.seen.append((message, hint))


@dataclass
class Pauses:
    seen: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seen.append(seconds)


@pytest.fixture
def host() -> Host:
    return Host(lambda work, stop: work(), Pauses(), Warnings())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(OPTIONS | {"spool_directory": str(tmp_path / "spool")})


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def connection(settings: Settings, host: Host, client: FakeClient) -> Connection:
    made = Connection(settings, host)
    made.__dict__["client"] = client
    return made
