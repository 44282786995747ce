"""Assignment rules of the org: run on what is written only where the server option `use_assignment_rules` says so."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, poll, rows, write

Session = psycopg.Connection[Any]


@pytest.fixture
def case(org: Org, owner: Session) -> Session:
    """Case mapped, one there, and a rule that gives cases to another user."""
    others = [user["Id"] for user in org.sandbox.records("User")]
    org.create("Case", {"Subject": "there"})
    mine = org.sandbox.records("Case")[0]["OwnerId"]
    org.sandbox.call("PUT", "/assignment_rules", {"Case": next(one for one in others if one != mine)})
    owner.execute("SELECT sffdw.create_mapping('Case', '{Subject}', access => 'read_write')")
    poll(owner)
    return owner


def change_in_every_way(case: Session) -> None:
    """By requests that hold one Collection and several, by statements that wait, and live."""
    case.execute("INSERT INTO salesforce.case (subject) VALUES ('one')")
    write(case)
    case.execute("INSERT INTO salesforce.case (subject) VALUES ('two')")
    case.execute("UPDATE salesforce.case SET subject = 'there too' WHERE subject = 'there'")
    write(case)
    case.execute("SELECT sffdw.alter_mapping('Case', write_mode => 'sync')")
    case.execute("INSERT INTO salesforce.case (subject) VALUES ('three')")
    case.execute("INSERT INTO salesforce_live.case (subject) VALUES ('four')")


@pytest.mark.parametrize("option", ["false", "true"])
def test_rules_run_only_where_the_option_says_so(org: Org, case: Session, database: Session, option: str) -> None:
    mine = org.sandbox.records("Case")[0]["OwnerId"]
    if option == "true":
        database.execute("ALTER SERVER sf OPTIONS (ADD use_assignment_rules 'true')")
        database.commit()
    change_in_every_way(case)
    found = {record["Subject"]: record["OwnerId"] == mine for record in org.sandbox.records("Case")}
    assert found == dict.fromkeys(("there too", "one", "two", "three", "four"), option == "false")
    assert rows(case, "SELECT count(*) FROM salesforce._trigger_log WHERE state = 'SUCCESS'") == [(4,)]
