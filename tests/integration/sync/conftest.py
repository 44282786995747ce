"""A connection with two read-write mappings: Account, upserted by an external id, and Contact, plainly created."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]


@pytest.fixture
def org(sandbox: Any) -> Org:
    """The sandbox, where Account has a field that inserts can be upserted by."""
    sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "External_Id__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    return Org(sandbox)


@pytest.fixture
def owner(org: Org, connection: Session) -> Session:
    """The owner's session with the connection `salesforce`, nothing mapped."""
    return connection


@pytest.fixture
def account(owner: Session) -> Session:
    """The owner's session with Account mapped, not yet loaded."""
    owner.execute("SELECT sffdw.create_mapping('Account', access => 'read_write', "
                  "unique_identifier => 'External_Id__c', fields => "
                  "'{Name,Phone,AnnualRevenue,Description,CreatedDate,LastActivityDate}')")
    return owner


@pytest.fixture
def waiting(owner: Session) -> Session:
    """The owner's session with Account mapped in write mode sync, not yet loaded."""
    owner.execute("SELECT sffdw.create_mapping('Account', access => 'read_write', write_mode => 'sync', "
                  "unique_identifier => 'External_Id__c', fields => '{Name,Phone,AnnualRevenue}')")
    return owner


@pytest.fixture
def contact(owner: Session) -> Session:
    """The owner's session with Contact mapped, not yet loaded."""
    owner.execute("SELECT sffdw.create_mapping('Contact', access => 'read_write', "
                  "fields => '{LastName,FirstName,Email,Phone,AccountId,Birthdate}')")
    return owner


@pytest.fixture
def app(owner: Session, connect: Connect) -> Session:
    """Another session of the same role, in transactions of its own: an application at work."""
    return connect(autocommit=False)
