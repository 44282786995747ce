"""A connection whose org has an Account with an external id, a mapping of it, and an app that may use that table."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]

OWNER = "crm_owner"
APP = "crm_app"
FIELDS = "{Name,Phone,AnnualRevenue,OwnerId}"


@pytest.fixture
def org(sandbox: Any) -> Any:
    """The sandbox, where Account has a field that inserts can be upserted by."""
    sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "External_Id__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    return sandbox


@pytest.fixture
def owner(org: Any, connection: Session) -> Session:
    """The owner's session with the connection `salesforce`, nothing mapped."""
    return connection


@pytest.fixture
def account(owner: Session) -> Session:
    """The owner's session with a read-write mapping of Account."""
    owner.execute("SELECT sffdw.create_mapping('Account', %s, access => 'read_write', "
                  "unique_identifier => 'External_Id__c', indexes => '{OwnerId}')", [FIELDS])
    return owner


@pytest.fixture
def app(account: Session, connect: Connect) -> Session:
    """A session of a role that has rights on the mapped table and on nothing else of the connection."""
    account.execute("GRANT USAGE ON SCHEMA salesforce TO crm_app")
    account.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON salesforce.account TO crm_app")
    account.execute("GRANT USAGE ON SEQUENCE salesforce.account_id_seq TO crm_app")
    return connect(user=APP)
