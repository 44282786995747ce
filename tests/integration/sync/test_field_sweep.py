"""Columns read again between polls: new ones, and formulas, which change without SystemModstamp."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.sync.org import Org, Session, one, poll, rows, set_options

FORMULA = {"name": "Shout__c", "type": "string", "length": 1300, "calculated": True, "createable": False,
           "updateable": False, "calculatedFormula": "UPPER(Name)"}
PARENTS = {"name": "Above__c", "type": "string", "length": 1300, "calculated": True, "createable": False,
           "updateable": False, "calculatedFormula": "Parent.Name"}


@pytest.fixture
def synced(org: Org, account: Session) -> Session:
    """Five accounts, loaded by pages of two, that no window of a poll reaches back to."""
    org.create("Account", *[{"Name": f"A {n}", "Site": f"S {n}"} for n in range(5)])
    set_options(account, page_size=2)
    poll(account)
    org.advance(86400)
    poll(account)
    return account


def runs(session: Session, purpose: str) -> list[tuple[Any, ...]]:
    return rows(session, "SELECT read_count, updated_count, unchanged_count, outcome FROM sffdw.sync_runs "
                         "WHERE purpose = %s ORDER BY run_id", purpose)


def test_new_column_is_filled_by_reading_it_alone(org: Org, synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Site}')")
    assert one(synced, "SELECT state FROM sffdw.mappings") == "RESYNC"
    before = org.last_call()
    poll(synced)
    assert rows(synced, "SELECT name, site FROM salesforce.account ORDER BY 1") == [
        (f"A {n}", f"S {n}") for n in range(5)]
    asked = [call["path"] for call in org.calls("query", before) if "SystemModstamp" not in call["path"]]
    assert len(asked) == 3
    assert all("SELECT Id, Site FROM Account" in path for path in asked)
    assert runs(synced, "backfill") == [(5, 5, 0, "ok")]
    assert one(synced, "SELECT state FROM sffdw.mappings") == "DATA_SYNCED"


def test_polls_go_on_between_the_pages_of_a_back_fill(org: Org, synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Site}', poll_interval => '1 minute')")
    now = datetime.now(UTC)
    for step in range(3):
        org.create("Account", {"Name": f"N {step}"})
        now += timedelta(minutes=2)
        synced.execute("CALL sffdw.poll(force => false, at => %s)", [now])
        assert one(synced, "SELECT count(*) FROM salesforce.account WHERE name LIKE 'N%%'") == step + 1
        assert one(synced, "SELECT count(*) FROM salesforce.account WHERE site LIKE 'S%%'") == min(5, 2 * step + 2)
    poll(synced)
    assert one(synced, "SELECT count(*) FROM sffdw.field_sweep") == 0


def test_back_fill_leaves_unsent_values_and_rows_that_are_not_here(org: Org, synced: Session) -> None:
    synced.execute("SELECT sffdw.alter_mapping('Account', add_fields => '{Site}')")
    synced.execute("UPDATE salesforce.account SET site = 'ours' WHERE name = 'A 3'")
    synced.execute("INSERT INTO salesforce.account (name, site) VALUES ('new here', 'ours too')")
    poll(synced)
    assert rows(synced, "SELECT name, site FROM salesforce.account ORDER BY 1") == [
        ("A 0", "S 0"), ("A 1", "S 1"), ("A 2", "S 2"), ("A 3", "ours"), ("A 4", "S 4"), ("new here", "ours too")]


def test_second_new_column_joins_the_first(synced: Session) -> None:
    for field in ("Site", "Fax"):
        synced.execute("SELECT sffdw.alter_mapping('Account', add_fields => %s)", [[field]])
    assert one(synced, "SELECT columns FROM sffdw.field_sweep") == ["fax", "site"]
    poll(synced)
    assert len(runs(synced, "backfill")) == 1


def test_case_6_a_formula_follows_its_parent_when_refreshed(org: Org, owner: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [PARENTS]})
    above = org.create("Account", {"Name": "Old name"})[0]
    below = org.create("Account", {"Name": "Child", "ParentId": above})[0]
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Above__c}')")
    poll(owner)
    shown = "SELECT above__c FROM salesforce.account WHERE sfid = %s"
    assert one(owner, shown, below) == "Old name"
    org.advance(3600)
    poll(owner)
    org.advance(3600)
    org.update("Account", above, Name="New name")
    poll(owner)
    assert one(owner, shown, below) == "Old name"
    assert one(owner, "SELECT sffdw.refresh_fields('Account')") == 1
    poll(owner)
    assert one(owner, shown, below) == "New name"
    assert runs(owner, "formula") == [(2, 1, 1, "ok")]


def test_case_6_rows_come_and_go_when_a_formula_in_the_filter_changes(org: Org, owner: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [PARENTS]})
    parents = org.create("Account", {"Name": "in"}, {"Name": "out"}, {"Name": "in"})
    goes, comes, stays, deleted = org.create("Account", *[
        {"Name": f"C {n}", "ParentId": parent} for n, parent in enumerate([*parents, parents[2]])])
    org.act("delete", "Account", deleted)
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Above__c}', row_filter => $$above__c = 'in'$$)")
    set_options(owner, page_size=2)
    poll(owner)
    assert {sfid for sfid, in rows(owner, "SELECT sfid FROM salesforce.account")} == {goes, stays}
    for _ in range(2):
        org.advance(3600)
        poll(owner)
    org.update("Account", parents[0], Name="out")
    org.update("Account", parents[1], Name="in")
    owner.execute("SELECT sffdw.refresh_fields('Account')")
    poll(owner)
    poll(owner)
    assert dict(rows(owner, "SELECT sfid, above__c FROM salesforce.account")) == {comes: "in", stays: "in"}
    assert rows(owner, "SELECT * FROM sffdw.deferred_row") == []


def test_formulas_are_refreshed_on_schedule(org: Org, owner: Session) -> None:
    org.sandbox.call("PATCH", "/objects/Account", {"add_fields": [FORMULA]})
    org.create("Account", {"Name": "x"})
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Shout__c}', poll_interval => '1 hour')")
    set_options(owner, formula_interval_s=7200)
    now = datetime.now(UTC) + timedelta(minutes=1)
    for hours, want in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]:
        for seconds in (0, 1, 2):
            owner.execute("CALL sffdw.poll(force => false, at => %s)",
                          [now + timedelta(hours=hours, seconds=hours + seconds)])
        assert len(runs(owner, "formula")) == want, hours


def test_refresh_without_formulas_costs_nothing(org: Org, synced: Session) -> None:
    assert one(synced, "SELECT sffdw.refresh_fields()") == 0
    assert one(synced, "SELECT count(*) FROM sffdw.field_sweep") == 0
