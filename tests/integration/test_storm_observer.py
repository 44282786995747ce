"""What the storm's observer holds against a history of local rows, and what it lets pass."""

from typing import Any

import psycopg
import pytest

from tests.storm.database import OBSERVER, find_offences, observe
from tests.storm.objects import KINDS, seal

MARKERS = {"a": "Account:1", "b": "Account:2"}


@pytest.fixture
def observed(database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Tables like the local ones, but without anything that would refuse what must not be."""
    database.execute("CREATE SCHEMA salesforce")
    database.execute(OBSERVER)
    for kind in KINDS:
        database.execute(f"CREATE TABLE {kind.table} (id integer, sfid text, marker__c text, version__c float8, "
                         "note__c text, seal__c text)")
        observe(database, kind.table)
    return database


def insert(sfid: str, marker: str, version: int, sealed: int | None = None) -> str:
    return (f"INSERT INTO salesforce.account VALUES (1, '{sfid}', '{marker}', {version}, NULL, "
            f"'{seal(marker, sealed or version, None)}')")


def update(version: int) -> str:
    return (f"UPDATE salesforce.account SET version__c = {version}, seal__c = "
            f"'{seal('Account:1', version, None)}' WHERE sfid = 'a'")


DELETE = "DELETE FROM salesforce.account WHERE sfid = 'a'"
FIRST = insert("a", "Account:1", 1)


@pytest.mark.parametrize(("history", "want"), [
    ([FIRST, update(2), DELETE, insert("a", "Account:1", 2)], {}),
    ([FIRST, FIRST], {"was there twice at once": ["a"]}),
    ([FIRST, DELETE, FIRST], {}),
    ([insert("a", "Account:2", 1)], {"held another record's data": ["a"]}),
    ([FIRST, insert("b", "Account:2", 1)], {}),
    ([insert("a", "Account:1", 2, sealed=1)], {"held parts of two versions": ["a"]}),
    ([FIRST, update(3), update(2)], {"went back to an older version": ["a"]}),
    ([FIRST, "SET session_replication_role = replica", DELETE], {"is not there as observed": ["a"]}),
    (["SET session_replication_role = replica", FIRST], {"is not there as observed": ["a"]}),
    (["SET session_replication_role = replica", FIRST, "SET session_replication_role = origin", DELETE],
     {"was removed before it was there": ["a"]}),
])
def test_the_observer_sees(observed: psycopg.Connection[Any], history: list[str], want: dict[str, list[str]]) -> None:
    for statement in history:
        observed.execute(statement)
    assert find_offences(observed, MARKERS) == want
