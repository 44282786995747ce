"""A connection whose org has an Account with an external id, a mapping of it, and an app that may use that table.

Making them takes a backend with Python in it: once, in a template that the tests of `account` clone.
"""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from pytest_postgresql import factories

from tests.conftest import APP, OWNER, create_server
from tools.cluster import Cluster
from tools.sandbox import Credentials, Sandbox

from .queries import Session

Connect = Callable[..., Session]

FIELDS = "{Name,Phone,AnnualRevenue,OwnerId}"
MAPPED = "sffdw_mapped"


def add_external_id(sandbox: Sandbox) -> None:
    """Give Account a field that inserts can be upserted by."""
    sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "External_Id__c", "type": "string", "length": 80, "externalId": True, "unique": True}]})


@pytest.fixture(scope="session")
def mapped_template(cluster: Cluster, template: Any, sandbox_process: Sandbox, org_id: str,
                    credentials: Credentials) -> Iterator[str]:
    """A database with the connection `salesforce` and a read-write mapping of Account."""
    clone(cluster, MAPPED, template.template_dbname)
    sandbox_process.call("POST", "/reset", {"org_id": org_id})
    add_external_id(sandbox_process)
    with psycopg.connect(cluster.dsn(MAPPED)) as superuser:
        create_server(superuser, sandbox_process, credentials)
    with psycopg.connect(cluster.dsn(MAPPED, OWNER)) as owner:
        owner.execute("SELECT sffdw.create_connection('sf')")
        owner.execute("SELECT sffdw.create_mapping('Account', %s, access => 'read_write', "
                      "unique_identifier => 'External_Id__c', indexes => '{OwnerId}')", [FIELDS])
    yield MAPPED
    cluster.psql("postgres", f"DROP DATABASE {MAPPED} WITH (FORCE)")


def clone(cluster: Cluster, name: str, template: str) -> None:
    cluster.psql("postgres", f'CREATE DATABASE {name} TEMPLATE "{template}"')
    cluster.psql("postgres", f"GRANT CREATE ON DATABASE {name} TO {OWNER}")


@pytest.fixture
def mapped_database(cluster: Cluster, mapped_template: str) -> Iterator[Session]:
    """A superuser's session in a clone of the template, dropped afterwards."""
    name = f"{mapped_template}_clone"
    clone(cluster, name, mapped_template)
    with psycopg.connect(cluster.dsn(name)) as session:
        # Else the connection would know that this is a copy, and stop.
        session.execute("UPDATE sffdw.connection SET database_oid = i.database_oid FROM sffdw.cluster_identity() i")
        session.commit()
        yield session
    cluster.psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")


plain_database = factories.postgresql("template")


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Session:
    """The superuser's session: in a clone of the mapped template for tests of `account`, else of the plain one."""
    chosen = "mapped_database" if "account" in request.fixturenames else "plain_database"
    session: Session = request.getfixturevalue(chosen)
    return session


@pytest.fixture
def org(sandbox: Sandbox) -> Sandbox:
    """The sandbox, where Account has its external id."""
    add_external_id(sandbox)
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
