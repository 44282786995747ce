"""A connection whose org has an Account with an external id, a mapping of it, and an app that may use that table.

Making the mapping takes a backend with Python in it: once, in a template that the tests of `account` clone.
"""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.conftest import APP, OWNER, choose_database, clone, cloned
from tools.cluster import Cluster
from tools.sandbox import Sandbox

from .queries import Session

Connect = Callable[..., Session]

FIELDS = "{Name,Phone,AnnualRevenue,OwnerId}"
MAPPED = "sffdw_mapped"


@pytest.fixture(scope="session")
def mapped_template(cluster: Cluster, connected_template: str) -> str:
    """A database with the connection `salesforce` and a read-write mapping of Account; made while a test has `org`."""
    clone(cluster, MAPPED, connected_template)
    with psycopg.connect(cluster.dsn(MAPPED, OWNER)) as owner:
        owner.execute("UPDATE sffdw.connection SET database_oid = i.database_oid FROM sffdw.cluster_identity() i")
        owner.execute("SELECT sffdw.create_mapping('Account', %s, access => 'read_write', "
                      "unique_identifier => 'External_Id__c', indexes => '{OwnerId}')", [FIELDS])
    return MAPPED


@pytest.fixture
def mapped_database(cluster: Cluster, mapped_template: str) -> Iterator[Session]:
    with cloned(cluster, mapped_template) as session:
        yield session


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Session:
    """The superuser's session: in a clone of the mapped template for tests of `account`, else as elsewhere."""
    if "account" not in request.fixturenames:
        return choose_database(request)
    request.getfixturevalue("org")
    session: Session = request.getfixturevalue("mapped_database")
    return session


@pytest.fixture
def org(sandbox: Sandbox) -> Sandbox:
    """The sandbox, where Account has a field that inserts can be upserted by."""
    sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "External_Id__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})
    return sandbox


@pytest.fixture
def owner(org: Sandbox, connection: Session) -> Session:
    """The owner's session with the connection `salesforce`, nothing mapped."""
    return connection


@pytest.fixture
def account(org: Sandbox, connect: Connect) -> Session:
    """The owner's session with a read-write mapping of Account."""
    return connect(user=OWNER)


@pytest.fixture
def app(account: Session, connect: Connect) -> Session:
    """A session of a role that has rights on the mapped table and on nothing else of the connection."""
    account.execute("GRANT USAGE ON SCHEMA salesforce TO crm_app")
    account.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON salesforce.account TO crm_app")
    account.execute("GRANT USAGE ON SEQUENCE salesforce.account_id_seq TO crm_app")
    return connect(user=APP)
