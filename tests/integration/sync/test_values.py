"""Values through the whole inbound path: by poll, by load and by Bulk load, into both kinds of types, seen as text.

All tests look at what one fixture has brought in, in sessions that are anywhere but in UTC.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.conftest import OWNER, create_server
from tests.integration.sync.org import Org, rows, set_options
from tests.integration.sync.schema import columns_of
from tests.integration.sync.values import FIELDS, VALUES

Session = psycopg.Connection[Any]
SCHEMAS = {"heroku": "salesforce", "precise": "exact"}
WAYS = ["poll", "load", "bulk"]
NAME = "sffdw_values"
Texts = dict[str, dict[str, str | None]]
Arrived = dict[tuple[str, str], Texts]


@contextlib.contextmanager
def database_of_its_own(server: Any, template: Any, cluster: Any) -> Iterator[str]:
    cluster.psql("postgres", f"CREATE DATABASE {NAME} TEMPLATE {template.template_dbname};")
    yield NAME
    cluster.psql("postgres", f"DROP DATABASE {NAME} WITH (FORCE);")


@pytest.fixture(scope="module")
def org(sandbox_process: Any, org_id: str) -> Org:
    """An org with an object of all types, no record of it yet."""
    sandbox_process.call("POST", "/reset", {"org_id": org_id})
    sandbox_process.call("PUT", "/clock", {"rate": 50})
    sandbox_process.call("POST", "/objects", {"name": "Value__c", "fields": FIELDS})
    return Org(sandbox_process)


@pytest.fixture(scope="module")
def owner(org: Org, server: Any, template: Any, cluster: Any, credentials: Any) -> Iterator[Session]:
    """The owner's session in India with two connections: `salesforce` has types heroku, `exact` precise ones."""
    with database_of_its_own(server, template, cluster) as name:
        places = {"host": server.host, "port": server.port, "dbname": name, "autocommit": True}
        with psycopg.connect(**places, user="postgres") as admin:
            create_server(admin, org.sandbox, credentials)
        with psycopg.connect(**places, user=OWNER) as session:
            session.execute("SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'")
            for types, schema in SCHEMAS.items():
                session.execute("SELECT sffdw.create_connection('sf', schema_name => %s, live_schema_name => %s)",
                                [schema, schema + "_live"])
                session.execute("SELECT sffdw.create_mapping('Value__c', '{*}', types => %s, connection_name => %s)",
                                [types, schema])
            yield session


@pytest.fixture(scope="module")
def arrived(org: Org, owner: Session) -> Arrived:
    """What each way brought: by (way, types) the rows by their key, values as text."""
    poll_all(owner)
    for name, value in VALUES.items():
        org.sandbox.change({"op": "create", "object": "Value__c",
                            "values": {"Name": name, value.field: value.stored}}, raw=value.raw)
    poll_all(owner)
    found = {("poll", types): texts(owner, types) for types in SCHEMAS}
    # Else the poll that follows a load would read all of them again, by REST, and hide what the load made of them.
    org.advance(3 * 3600)
    for way in WAYS[1:]:
        load_all(owner, "Bulk" if way == "bulk" else "REST")
        found |= {(way, types): texts(owner, types) for types in SCHEMAS}
    return found


def poll_all(session: Session) -> None:
    for schema in SCHEMAS.values():
        session.execute("CALL sffdw.poll(force => true, connection_name => %s)", [schema])


def load_all(session: Session, transport: str) -> None:
    set_options(session, bulk_load_threshold=0 if transport == "Bulk" else 1_000_000, bulk_pause_ms=10)
    for schema in SCHEMAS.values():
        session.execute(f"TRUNCATE {schema}.value__c")
        session.execute("SELECT sffdw.reload(connection_name => %s)", [schema])
    poll_all(session)
    assert rows(session, "SELECT load_transport, state FROM sffdw.mapping") == [(transport, "DATA_SYNCED")] * 2


def texts(session: Session, types: str) -> Texts:
    columns = columns_of(session, f"{SCHEMAS[types]}.value__c")
    shown = ", ".join(f'"{name}"::text' for name in columns)
    with session.transaction():
        session.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'")
        found = rows(session, f"SELECT {shown} FROM {SCHEMAS[types]}.value__c")
    place = list(columns).index("name")
    return {row[place]: dict(zip(columns, row, strict=True)) for row in found}


@dataclass(frozen=True)
class Brought:
    """What one way brought into one kind of types."""

    types: str
    rows: Texts

    def check(self, case: int) -> None:
        found = {name: self.rows[name][value.column] for name, value in VALUES.items() if value.case == case}
        assert found
        assert {name: text for name, text in found.items() if not VALUES[name].is_met(text, self.types)} == {}


@pytest.fixture(params=[(way, types) for way in WAYS for types in SCHEMAS], ids="-".join)
def brought(arrived: Arrived, request: pytest.FixtureRequest) -> Brought:
    return Brought(request.param[1], arrived[request.param])


def test_case_26_what_is_empty_is_null_and_white_space_is_kept(brought: Brought) -> None:
    brought.check(26)


def test_case_27_words_for_nothing_stay_words(brought: Brought) -> None:
    brought.check(27)


def test_case_28_texts_of_digits_stay_as_they_are(brought: Brought) -> None:
    brought.check(28)


def test_case_29_line_ends_quotes_and_commas_stay(brought: Brought) -> None:
    brought.check(29)


def test_case_30_a_nul_is_replaced_and_stops_nothing(brought: Brought) -> None:
    brought.check(30)


def test_case_31_a_text_beyond_131072_characters_arrives_whole(brought: Brought) -> None:
    brought.check(31)


def test_case_32_whole_numbers_are_whole(brought: Brought) -> None:
    brought.check(32)


def test_case_34_money_keeps_its_cents(brought: Brought) -> None:
    brought.check(34)


def test_case_35_exponents_and_long_fractions_are_numbers(brought: Brought) -> None:
    brought.check(35)


def test_case_36_days_are_as_far_away_as_salesforce_allows(brought: Brought) -> None:
    brought.check(36)


def test_case_37_times_arrive_in_utc_however_they_were_written(brought: Brought) -> None:
    brought.check(37)


def test_case_38_times_of_day_lose_their_zone_and_nothing_else(brought: Brought) -> None:
    brought.check(38)


def test_case_39_no_time_is_shifted_by_the_zone_of_the_session(brought: Brought) -> None:
    brought.check(39)


def test_case_42_more_than_4000_characters_of_choices_arrive(brought: Brought) -> None:
    brought.check(42)


def test_case_45_encrypted_fields_arrive_masked(brought: Brought, owner: Session) -> None:
    brought.check(45)
    want = {"heroku": "character varying(20)", "precise": "text"}
    assert columns_of(owner, f"{SCHEMAS[brought.types]}.value__c")["card__c"] == want[brought.types]


def test_case_46_types_without_a_contract_arrive_as_text(brought: Brought) -> None:
    brought.check(46)


def test_case_43_ids_that_differ_by_case_alone_are_two_records(brought: Brought, org: Org) -> None:
    ids = [row["sfid"] for row in brought.rows.values()]
    assert sorted(map(str, ids)) == sorted(record["Id"] for record in org.sandbox.records("Value__c"))
    assert {len(str(found)) for found in ids} == {18}
    assert len({str(found)[:15].lower() for found in ids}) < len(ids)


def test_case_43_changes_of_ids_that_differ_by_case_alone_reach_their_own_rows(arrived: Arrived, owner: Session,
                                                                               org: Org) -> None:
    alike: dict[str, list[str]] = {}
    for record in org.sandbox.records("Value__c"):
        alike.setdefault(record["Id"][:15].lower(), []).append(record["Id"])
    pair = next(ids for ids in alike.values() if len(ids) > 1)
    for record_id in pair:
        org.update("Value__c", record_id, Shrunk__c=f"of {record_id}")
    poll_all(owner)
    assert rows(owner, "SELECT sfid, shrunk__c FROM salesforce.value__c WHERE shrunk__c LIKE 'of %' ORDER BY sfid "
                       'COLLATE "C"') == [(record_id, f"of {record_id}") for record_id in sorted(pair)]


def test_all_ways_bring_the_same(arrived: Arrived) -> None:
    for types in SCHEMAS:
        first, *others = [{name: row | {"id": None} for name, row in found.items()}
                          for (_, kind), found in arrived.items() if kind == types]
        assert len(first) == len(VALUES)
        assert all(other == first for other in others)


def test_a_reload_by_another_way_rewrites_nothing(arrived: Arrived, owner: Session) -> None:
    set_options(owner, bulk_load_threshold=1_000_000)
    before = rows(owner, "SELECT xmin::text, sfid FROM salesforce.value__c ORDER BY sfid")
    exact = rows(owner, "SELECT xmin::text, sfid FROM exact.value__c ORDER BY sfid")
    for schema in SCHEMAS.values():
        owner.execute("SELECT sffdw.reload(connection_name => %s)", [schema])
    poll_all(owner)
    assert rows(owner, "SELECT xmin::text, sfid FROM salesforce.value__c ORDER BY sfid") == before
    assert rows(owner, "SELECT xmin::text, sfid FROM exact.value__c ORDER BY sfid") == exact
