"""The budget of API calls: what is forecast, what is refused, and what goes on when calls run short."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, log, one, poll, rows, set_options, write

Session = psycopg.Connection[Any]


@pytest.fixture
def limited(org: Org, owner: Session, cluster: Any) -> Iterator[Org]:
    """The org, of whose limits nobody knows anything, and which has its own again afterwards."""
    owner.execute("UPDATE sffdw.connection SET api_limit = NULL")
    for path in (cluster.data / "pgsql_tmp_sffdw").glob("usage-*.json"):
        path.unlink()
    yield org
    limit(org, 1_000_000, 0)


def limit(org: Org, most: int, used: int) -> None:
    org.sandbox.call("PUT", "/limits", {"DailyApiRequests": {"max": most, "remaining": most - used}})


def refusal(session: Session, call: str) -> tuple[str | None, str, str]:
    with pytest.raises(psycopg.Error) as caught:
        session.execute(call)
    return caught.value.sqlstate, str(caught.value.diag.message_detail), str(caught.value.diag.message_hint)


def notified(session: Session) -> list[str]:
    return [event for event, in rows(session, "SELECT event_type FROM sffdw.notifications ORDER BY 1")]


def test_the_forecast_says_what_the_settings_cost(limited: Org, owner: Session) -> None:
    limit(limited, 100_000, 10)
    # Whoever logs in first may have heard of the org's own limit.
    owner.execute("UPDATE sffdw.connection SET api_limit = NULL")
    owner.execute("SELECT sffdw.create_mapping('Account', poll_interval => '1 minute')")
    owner.execute("SELECT sffdw.create_mapping('Contact', poll_interval => '7 minutes')")
    owner.execute("SELECT sffdw.create_mapping('User', '{Name}')")
    assert rows(owner, "SELECT object_name, purpose, calls_per_day FROM sffdw.forecast_calls()") == [
        ("Account", "deletes", 144), ("Account", "poll", 1440), ("Account", "verify", 1),
        ("Contact", "deletes", 103), ("Contact", "poll", 206), ("Contact", "verify", 1),
        ("User", "deletes", 144), ("User", "poll", 144), ("User", "verify", 1), (None, "describe", 144)]
    assert one(owner, "SELECT share_percent FROM sffdw.forecast_calls() WHERE calls_per_day = 1440") * 95_000 / 100 \
        == pytest.approx(1440, abs=10)
    owner.execute("UPDATE sffdw.mapping_field f SET is_calculated = true FROM sffdw.mapping m "
                  "WHERE m.mapping_id = f.mapping_id AND m.object_name = 'Contact' AND f.field_name = 'Name'")
    owner.execute("UPDATE sffdw.mapping SET org_count = 5000 WHERE object_name = 'Contact'")
    assert rows(owner, "SELECT object_name, calls_per_day FROM sffdw.forecast_calls() WHERE purpose = 'formula'") == [
        ("Contact", 3)]
    # Without SystemModstamp another time says what is recent; without any, each poll reads all 5,000.
    polls = "SELECT calls_per_day FROM sffdw.forecast_calls() WHERE object_name = 'Contact' AND purpose = 'poll'"
    owner.execute("UPDATE sffdw.mapping SET has_systemmodstamp = false WHERE object_name = 'Contact'")
    assert one(owner, polls) == 206
    owner.execute("ALTER FOREIGN TABLE salesforce_live.contact DROP lastmodifieddate, DROP createddate")
    assert one(owner, polls) == 618


def test_polls_that_change_events_ask_for_are_forecast_by_what_changed(limited: Org, account: Session) -> None:
    polls = "SELECT calls_per_day FROM sffdw.forecast_calls() WHERE purpose = 'poll'"
    account.execute("SELECT sffdw.alter_mapping('Account', accelerated => true, daily_call_cap => 5000)")
    assert one(account, polls) == 4500
    account.execute("SELECT sffdw.alter_mapping('Account', daily_call_cap => 100000)")
    assert one(account, polls) == 144 + 43_200
    limited.create("Account", *[{"Name": f"A {n}"} for n in range(3)])
    poll(account)
    account.execute("UPDATE sffdw.sync_run SET purpose = 'poll', started_at = now() - interval '12 hours'")
    assert one(account, polls) == 144 + 2 * 3


@pytest.mark.parametrize("call", [
    "SELECT sffdw.create_mapping('Account', poll_interval => '1 minute', force => {})",
    "SELECT sffdw.alter_mapping('Contact', poll_interval => '30 seconds', force => {})"])
def test_polls_beyond_the_budget_are_refused_unless_forced(limited: Org, owner: Session, call: str) -> None:
    limit(limited, 1000, 10)
    owner.execute("SELECT sffdw.create_mapping('Contact', poll_interval => '1 hour')")
    sqlstate, detail, hint = refusal(owner, call.format("false"))
    assert sqlstate == "SF003"
    assert "the budget is 950 of the org's 1000" in detail
    seconds = re.search(r"at least ([0-9]+) seconds", hint)
    assert seconds and "force => true" in hint
    sooner, later = (call.format("false").replace("1 minute", f"{at} seconds").replace("30 seconds", f"{at} seconds")
                     for at in (int(seconds[1]) - 5, int(seconds[1])))
    assert refusal(owner, sooner)[0] == "SF003"
    owner.execute(later)
    assert one(owner, "SELECT sum(calls_per_day) <= 950 FROM sffdw.forecast_calls()")
    owner.execute(call.format("true") if "alter" in call else
                  "SELECT sffdw.alter_mapping('Account', poll_interval => '1 minute', force => true)")


def test_polls_beyond_the_mappings_own_cap_are_refused(limited: Org, owner: Session) -> None:
    sqlstate, detail, hint = refusal(owner, "SELECT sffdw.create_mapping('Account', poll_interval => '10 seconds', "
                                            "daily_call_cap => 5000)")
    assert sqlstate == "SF003"
    assert "8785" in detail and "5000" in detail and "at least 18 seconds" in hint
    owner.execute("SELECT sffdw.create_mapping('Account', poll_interval => '18 seconds', daily_call_cap => 5000)")


@pytest.mark.parametrize("setting", ["accelerated => true", "add_fields => '{Rating__c}'"])
def test_settings_that_cost_calls_are_refused_beyond_the_budget(limited: Org, account: Session, setting: str) -> None:
    limited.sandbox.call("PATCH", "/objects/Account", {"add_fields": [
        {"name": "Rating__c", "type": "string", "length": 80, "calculated": True, "calculatedFormula": "Name"}]})
    account.execute("UPDATE sffdw.mapping SET org_count = 2000000")
    limit(limited, 2000, 10)
    account.execute("UPDATE sffdw.connection SET api_limit = 2000")
    call = f"SELECT sffdw.alter_mapping('Account', {setting}, force => %s)"
    assert refusal(account, call % "false")[0] == "SF003"
    account.execute(call % "true")  # type: ignore[call-overload]


def test_a_setting_that_costs_nothing_is_not_refused_for_what_others_cost(limited: Org, account: Session) -> None:
    account.execute("SELECT sffdw.alter_mapping('Account', poll_interval => '20 seconds', force => true)")
    limit(limited, 1000, 10)
    account.execute("UPDATE sffdw.connection SET api_limit = 1000")
    account.execute("SELECT sffdw.alter_mapping('Account', indexes => '{Phone}')")


def test_a_mapping_stops_reading_at_its_cap_and_nothing_else_stops(limited: Org, account: Session,
                                                                   contact: Session) -> None:
    poll(account)
    spent = one(account, "SELECT calls_today FROM sffdw.mappings WHERE object_name = 'Account'")
    account.execute("SELECT sffdw.alter_mapping('Account', daily_call_cap => %s, force => true)", [spent + 3])
    spent = one(account, "SELECT calls_today FROM sffdw.mappings WHERE object_name = 'Account'")
    account.execute("UPDATE sffdw.mapping SET daily_call_cap = %s WHERE object_name = 'Account'", [spent + 3])
    poll(account, "Account")
    sqlstate, detail, hint = refusal(account, "CALL sffdw.poll('Account')")
    assert (sqlstate, f"daily_call_cap is {spent + 3}" in detail, "alter_mapping" in hint) == ("SF003", True, True)
    assert refusal(account, "CALL sffdw.poll('Account')")[0] == "SF003"
    assert one(account, "SELECT calls_today FROM sffdw.mappings WHERE object_name = 'Account'") == spent + 3
    assert notified(account) == ["mapping-error"]
    assert one(account, "SELECT throttled_until IS NULL FROM sffdw.connections")
    due = one(account, "SELECT next_poll_at FROM sffdw.mappings WHERE object_name = 'Account'").astimezone(dt.UTC)
    assert (due.hour, due.minute) == (0, 0)
    poll(account, "Contact")
    account.execute("INSERT INTO salesforce.account (name) VALUES ('written')")
    write(account)
    assert limited.names() == ["written"]
    account.execute("SELECT sffdw.alter_mapping('Account', daily_call_cap => 30000)")
    poll(account)
    assert one(account, "SELECT state FROM sffdw.mappings WHERE object_name = 'Account'") == "DATA_SYNCED"


def test_when_calls_run_short_polls_stop_first_and_writes_go_on(limited: Org, account: Session,
                                                                contact: Session) -> None:
    poll(account)
    account.execute("INSERT INTO salesforce.account (name) VALUES ('written')")
    # The budget is 950 calls: live queries stop at 893, polls at 912, writes at 931.
    limit(limited, 1000, 915)
    poll_purpose = "SELECT count(*) FROM salesforce_live.account WHERE _purpose = 'settle'"
    account.execute(poll_purpose)
    mark = limited.last_call()
    for call in ("SELECT count(*) FROM salesforce_live.account", "CALL sffdw.poll('Account')",
                 "CALL sffdw.poll('Contact')"):
        sqlstate, detail, hint = refusal(account, call)
        assert (sqlstate, "of 1000 calls" in detail, "api_budget_percent" in hint) == ("SF003", True, True)
    assert {call["kind"] for call in limited.calls(since=mark)} <= {"versions"}
    assert notified(account) == ["calls-throttled"]
    until, state = rows(account, "SELECT throttled_until > now(), state_description FROM sffdw.connections, "
                                 "sffdw.mappings WHERE object_name = 'Account'")[0]
    assert until and "915" not in str(state) and "budget" in state
    write(account)
    assert limited.names() == ["written"]
    limit(limited, 1000, 940)
    account.execute(poll_purpose)
    account.execute("UPDATE salesforce.account SET phone = '1'")
    write(account)
    assert log(account, "state")[-1] == ("NEW",)
    assert one(account, "SELECT write_pause_until > now() FROM sffdw.connection")
    account.execute(poll_purpose)
    limit(limited, 1000, 950)
    account.execute(poll_purpose)
    assert refusal(account, poll_purpose)[0] == "SF003"


def test_case_14_a_limit_in_the_middle_of_a_poll_is_no_success(org: Org, account: Session) -> None:
    set_options(account, page_size=2)
    poll(account)
    watermark = one(account, "SELECT watermark_at FROM sffdw.mappings")
    org.create("Account", *[{"Name": f"a{number}"} for number in range(9)])
    # The second query counts what there is beyond a full page.
    with org.fault("limit.daily", kind="query", calls="from 4"):
        sqlstate, detail, hint = refusal(account, "CALL sffdw.poll()")
        assert (sqlstate, "REQUEST_LIMIT_EXCEEDED" in detail, bool(hint)) == ("SF004", True, True)
        assert rows(account, "SELECT outcome, read_count FROM sffdw.sync_runs ORDER BY run_id DESC LIMIT 1") == [
            ("error", 4)]
        assert rows(account, "SELECT state, last_error LIKE '%%limit%%', watermark_at = %s FROM sffdw.mappings",
                    watermark) == [("SYSTEM_ERROR", True, True)]
        waits = [one(account, "SELECT throttled_until - now() FROM sffdw.connections").total_seconds()]
        mark = org.last_call()
        account.execute("CALL sffdw.poll(force => false, at => now() + interval '1 hour')")
        write(account)
        assert {call["kind"] for call in org.calls(since=mark)} <= {"versions"}
        account.execute("UPDATE sffdw.connection SET throttled_until = now()")
        refusal(account, "CALL sffdw.poll()")
        waits.append(one(account, "SELECT throttled_until - now() FROM sffdw.connections").total_seconds())
    assert 50 < waits[0] <= 60 and 110 < waits[1] <= 120
    assert notified(account) == ["calls-throttled"]
    account.execute("UPDATE sffdw.connection SET throttled_until = now(), write_pause_until = now()")
    poll(account)
    assert one(account, "SELECT count(*) FROM salesforce.account") == 9
    assert rows(account, "SELECT throttled_until, throttle_count, write_pause_until FROM sffdw.connection") == [
        (None, 0, None)]


def test_a_limit_met_by_a_write_throttles_the_connection(org: Org, account: Session) -> None:
    account.execute("INSERT INTO salesforce.account (name) VALUES ('waits')")
    with org.fault("limit.daily", kind="collections"):
        write(account)
        assert one(account, "SELECT throttled_until > now() FROM sffdw.connections")
        assert notified(account) == ["calls-throttled"]
        mark = org.last_call()
        account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
        write(account)
        assert org.calls("collections", mark) == []
    account.execute("UPDATE sffdw.connection SET throttled_until = now(), write_pause_until = now()")
    account.execute("UPDATE sffdw.write_claim SET next_try_at = NULL")
    write(account)
    assert org.names() == ["waits"]
