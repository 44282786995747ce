"""Row filters: what does not meet them is not in the table, and nothing unsent is lost by that."""

from typing import Any

import pytest

from tests.integration.capture.queries import refusal
from tests.integration.sync.org import Org, Session, one, poll, rows, set_options, write

ENERGY = "industry = 'Energy' AND annualrevenue > 1000"


@pytest.fixture
def filtered(org: Org, owner: Session) -> Session:
    """Account mapped with the filter ENERGY, loaded: two of five records are in the table."""
    org.create("Account", *[{"Name": f"E {n}", "Industry": "Energy", "AnnualRevenue": n * 1000} for n in range(4)],
               {"Name": "Bank", "Industry": "Banking", "AnnualRevenue": 5000})
    map_accounts(owner, ENERGY)
    poll(owner)
    return owner


def map_accounts(owner: Session, row_filter: str) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', '{Name,Industry,AnnualRevenue}', access => 'read_write', "
                  "row_filter => %s)", [row_filter])


def names(session: Session) -> list[str]:
    return [name for name, in rows(session, "SELECT name FROM salesforce.account ORDER BY name")]


def sfid_of(session: Session, name: str) -> Any:
    return one(session, "SELECT sfid FROM salesforce.account WHERE name = %s", name)


def test_load_asks_for_what_the_filter_lets_through(org: Org, filtered: Session) -> None:
    assert names(filtered) == ["E 2", "E 3"]
    mark = org.last_call()
    filtered.execute("SELECT sffdw.reload('Account')")
    poll(filtered)
    loads = [call["path"] for call in org.calls("query", mark) if "ORDER BY Id" in call["path"]]
    assert loads
    assert all("Industry = 'Energy'" in path and "AnnualRevenue > 1000" in path for path in loads)


def test_what_salesforce_cannot_apply_is_applied_here(org: Org, owner: Session) -> None:
    org.create("Account", *[{"Name": name} for name in ("alpha", "Alpha", "beta", "gamma", "Delta")])
    set_options(owner, page_size=2)
    map_accounts(owner, "name = 'Alpha' OR length(name) = 4")
    poll(owner)
    assert names(owner) == ["Alpha", "beta"]


def test_superset_filters_do_not_end_the_load_early(org: Org, owner: Session) -> None:
    org.create("Account", *[{"Name": "x" if n % 2 else "X"} for n in range(10)])
    set_options(owner, page_size=2)
    map_accounts(owner, "name = 'x'")
    poll(owner)
    assert names(owner) == ["x"] * 5


def test_rows_come_and_go_with_the_filter_and_nothing_is_deleted_in_salesforce(org: Org, filtered: Session) -> None:
    leaving = sfid_of(filtered, "E 2")
    org.update("Account", leaving, AnnualRevenue=10)
    coming = next(record["Id"] for record in org.sandbox.records("Account") if record["Name"] == "E 1")
    org.update("Account", coming, AnnualRevenue=7000)
    org.create("Account", {"Name": "E 9", "Industry": "Energy", "AnnualRevenue": 9000}, {"Name": "no revenue"})
    poll(filtered)
    assert names(filtered) == ["E 1", "E 3", "E 9"]
    write(filtered)
    assert len(org.names()) == 7
    assert rows(filtered, "SELECT FROM salesforce._trigger_log") == []


def test_local_row_outside_the_filter_is_sent_and_leaves_then(org: Org, filtered: Session) -> None:
    filtered.execute("INSERT INTO salesforce.account (name, industry) VALUES ('Mine', 'Media')")
    poll(filtered)
    assert "Mine" in names(filtered)
    write(filtered)
    assert "Mine" in org.names()
    poll(filtered)
    poll(filtered)
    assert "Mine" not in names(filtered)
    write(filtered)
    assert "Mine" in org.names()


def test_update_that_leaves_the_filter_is_sent_before_the_row_goes(org: Org, filtered: Session) -> None:
    record_id = sfid_of(filtered, "E 3")
    filtered.execute("UPDATE salesforce.account SET industry = 'Media' WHERE sfid = %s", [record_id])
    org.update("Account", record_id, AnnualRevenue=8000)
    poll(filtered)
    assert "E 3" in names(filtered)
    write(filtered)
    poll(filtered)
    poll(filtered)
    assert "E 3" not in names(filtered)
    assert org.record("Account", record_id)["Industry"] == "Media"  # type: ignore[index]


def test_row_with_a_rejected_change_stays(org: Org, filtered: Session) -> None:
    record_id = sfid_of(filtered, "E 3")
    with org.fault("dml.error", {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No."}):
        filtered.execute("UPDATE salesforce.account SET name = 'Rejected' WHERE sfid = %s", [record_id])
        write(filtered)
    org.update("Account", record_id, AnnualRevenue=1)
    poll(filtered)
    assert rows(filtered, "SELECT name, _hc_lastop FROM salesforce.account WHERE sfid = %s", record_id) == [
        ("Rejected", "FAILED")]
    assert rows(filtered, "SELECT extra_count, pending_count FROM sffdw.verify_mapping('Account')") == [(0, 1)]
    filtered.execute("SELECT sffdw.retry(object_name => 'Account')")
    write(filtered)
    poll(filtered)
    poll(filtered)
    assert rows(filtered, "SELECT FROM salesforce.account WHERE sfid = %s", record_id) == []
    assert org.record("Account", record_id)["Name"] == "Rejected"  # type: ignore[index]


def test_row_with_a_rejected_change_goes_when_its_record_is_deleted_outside_the_filter(
        org: Org, filtered: Session) -> None:
    record_id = sfid_of(filtered, "E 3")
    with org.fault("dml.error", {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No."}):
        filtered.execute("UPDATE salesforce.account SET name = 'Rejected' WHERE sfid = %s", [record_id])
        write(filtered)
    org.update("Account", record_id, AnnualRevenue=1)
    poll(filtered)
    org.act("delete", "Account", record_id)
    poll(filtered)
    assert names(filtered) == ["E 2"]


def test_altered_filter_is_followed_by_rows_already_here(org: Org, filtered: Session) -> None:
    kept = one(filtered, "SELECT id FROM salesforce.account WHERE name = 'E 3'")
    filtered.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'annualrevenue >= 3000')")
    poll(filtered)
    assert names(filtered) == ["Bank", "E 3"]
    assert one(filtered, "SELECT id FROM salesforce.account WHERE name = 'E 3'") == kept
    filtered.execute("SELECT sffdw.alter_mapping('Account', row_filter => '')")
    poll(filtered)
    assert names(filtered) == ["Bank", "E 0", "E 1", "E 2", "E 3"]
    assert one(filtered, "SELECT row_filter FROM sffdw.mappings") is None


def test_narrower_filter_may_empty_the_table(org: Org, owner: Session) -> None:
    org.create("Account", *[{"Name": f"A {n}"} for n in range(60)])
    map_accounts(owner, "name LIKE 'A%'")
    poll(owner)
    assert len(names(owner)) == 60
    owner.execute("SELECT sffdw.alter_mapping('Account', row_filter => 'name LIKE ''B%''')")
    poll(owner)
    assert names(owner) == []
    assert len(org.names()) == 60


def test_filter_means_the_same_in_every_time_zone(org: Org, owner: Session, connect: Any) -> None:
    org.sandbox.change({"op": "create", "object": "Account",
                        "values": {"Name": "noon", "CreatedDate": "2024-01-01T12:00:00.000+0000"}}, raw=True)
    owner.execute("SET timezone = 'America/Los_Angeles'")
    map_accounts(owner, "createddate < '2024-01-01 13:00'")
    poller = connect()
    poller.execute("SET timezone = 'Asia/Tokyo'")
    poll(poller)
    assert names(owner) == ["noon"]


@pytest.mark.parametrize("row_filter", [
    "nothing = 1", "name", "name = (SELECT 'x')", "createddate > now()", "true; SELECT 1", "true) OR (", "sfid = 'x'",
    "_scope = 'all'", "count(*) > 1", "annualrevenue / 'x' > 1"])
def test_filter_that_is_none_is_refused(owner: Session, row_filter: str) -> None:
    sqlstate, message, hint = refusal(owner, "SELECT sffdw.create_mapping('Account', row_filter => $f$"
                                             f"{row_filter}$f$)")
    assert (sqlstate, message) == ("22023", "invalid row filter"), row_filter
    assert "salesforce_live.account" in hint
    assert rows(owner, "SELECT FROM sffdw.mapping") == []
