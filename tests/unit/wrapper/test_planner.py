"""Pushdown: what is sent never loses a row that PostgreSQL would keep."""

import datetime as dt
import operator
import random
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from sffdw import planner, soql
from sffdw.errors import Error
from sffdw.planner import Column, Keyset, plan_scan, translate

AT = dt.datetime(2025, 1, 2, 3, 4, 5, 900_000, dt.UTC)
ID = "001A0000006Vm9uIAC"


@dataclass
class Q:
    field_name: str
    operator: Any
    value: Any


@dataclass
class Key:
    attname: str
    is_reversed: bool = False
    nulls_first: bool = False
    collate: str | None = None


def column(sf_type: str, **flags: bool) -> Column:
    return Column("c", "F__c", sf_type, **flags)


EXACT, SUPERSET = True, False
SENT = [
    ("string", "=", "Acme", "F__c = 'Acme'", SUPERSET),
    ("picklist", ("=", True), ["a", "b", "a"], "F__c IN ('a', 'b')", SUPERSET),
    ("string", "~~", "A%", "F__c LIKE 'A%'", SUPERSET), ("email", "~~*", "%x", "F__c LIKE '%x'", SUPERSET),
    ("string", "=", None, "F__c = null", EXACT), ("string", "<>", None, "F__c != null", EXACT),
    ("id", "=", ID, f"F__c = '{ID}'", EXACT), ("reference", "=", ID[:15], f"F__c = '{ID}'", SUPERSET),
    ("reference", "<>", ID, f"F__c != '{ID}'", SUPERSET),
    ("id", ("=", True), [ID, None, "x"], f"F__c IN ('{ID}')", EXACT),
    ("currency", "=", Decimal("1.50"), "F__c = 1.5", EXACT), ("int", ">=", 5, "F__c >= 5", EXACT),
    ("double", "<>", Decimal(2), "F__c != 2", SUPERSET),
    ("double", ("=", True), [Decimal(1), 2], "F__c IN (1, 2)", EXACT),
    ("boolean", "=", True, "F__c = true", EXACT), ("boolean", "<>", True, "F__c != true", EXACT),
    ("date", "<", dt.date(2025, 1, 2), "F__c < 2025-01-02", EXACT),
    ("datetime", ">", AT, "F__c >= 2025-01-02T03:04:05Z", SUPERSET),
    ("datetime", "<", AT, "F__c <= 2025-01-02T03:04:05Z", SUPERSET),
    ("datetime", "=", AT, "F__c = 2025-01-02T03:04:05Z", SUPERSET),
    ("datetime", "=", AT.replace(tzinfo=None), "F__c = 2025-01-02T03:04:05Z", SUPERSET),
    ("time", "<", dt.time(1, 2, 3), "F__c <= 01:02:03.000Z", SUPERSET),
    ("multipicklist", "=", "a;b", "F__c INCLUDES ('a;b')", SUPERSET),
    ("double", ("=", True), [1.5], "(", SUPERSET),
]


@pytest.mark.parametrize(("sf_type", "op", "value", "want", "is_exact"), SENT)
def test_conditions_that_are_sent(sf_type: str, op: Any, value: Any, want: str, is_exact: bool) -> None:
    found = translate(column(sf_type), op, value)
    assert found is not None
    assert found.text.startswith(want)
    assert found.is_exact == is_exact


KEPT = [
    ("string", "<>", "Acme"), ("string", ("<>", False), ["a"]), ("string", "!~~", "A%"), ("string", "<", "b"),
    ("string", ">=", "b"), ("string", "=", "x" * 4001), ("string", "~~", "x\\"), ("id", "<", ID), ("id", "~~", "001%"),
    ("id", "<>", "nonsense"), ("boolean", "=", None), ("boolean", "<>", None), ("double", "=", Decimal("NaN")),
    ("double", "=", Decimal("1.2345678901234567")), ("int", "=", Decimal("5.5")), ("int", "<", 2**40),
    ("double", "=", True),
    ("double", "=", "5"), ("double", "<>", 1.5), ("date", "=", "2025-01-01"), ("date", "=", AT),
    ("date", "<", dt.date(1, 1, 1)),
    ("datetime", "<>", AT), ("datetime", "=", dt.date(2025, 1, 1)), ("time", "<>", dt.time(1)), ("address", "=", None),
    ("location", "=", "x"), ("multipicklist", "~~", "a%"), ("multipicklist", "<>", "a"), ("base64", "=", "x"),
    ("anyType", "=", "x"), ("string", "=", 5), ("string", ("=", True), ["a", 5]), ("string", "~", "^A"),
    ("double", "%", 5)]


@pytest.mark.parametrize(("sf_type", "op", "value"), KEPT)
def test_conditions_that_stay_here(sf_type: str, op: Any, value: Any) -> None:
    assert translate(column(sf_type), op, value) is None


@pytest.mark.parametrize("sf_type", ["string", "id", "double", "boolean", "date", "datetime", "textarea"])
def test_nothing_is_sent_for_a_field_that_salesforce_cannot_filter(sf_type: str) -> None:
    for op, value in (("=", None), ("=", "x"), ("=", True), ("=", AT), ("=", 1)):
        assert translate(column(sf_type, is_filterable=False), op, value) is None


@pytest.mark.parametrize(("sf_type", "op", "value"), [
    ("string", "=", ""), ("id", "=", "nonsense"), ("string", ("=", True), []), ("string", ("=", True), ["", None]),
    ("reference", ("=", True), ["x", "y"]), ("multipicklist", "=", "")])
def test_conditions_that_no_record_can_meet_ask_nothing(sf_type: str, op: Any, value: Any) -> None:
    plan = plan_scan("X", {"c": column(sf_type)}, needed=["c"], quals=[Q("c", op, value)])
    assert plan.is_empty


PYTHON = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "!=": operator.ne}


def salesforce_keeps_time(text: str, stored: dt.datetime) -> bool:
    found = re.fullmatch(r"F__c (\S+) (\S+)", text)
    assert found
    return bool(PYTHON[found[1]](stored.replace(microsecond=0), dt.datetime.fromisoformat(found[2])))


def test_case_4_times_are_compared_by_the_second_without_losing_fractions() -> None:
    chance = random.Random(3)
    start = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    for _ in range(1500):
        stored, bound = (start + dt.timedelta(milliseconds=chance.randrange(1500)) for _ in range(2))
        for op in ("=", "<", "<=", ">", ">="):
            condition = translate(column("datetime"), op, bound)
            assert condition
            if PYTHON[op](stored, bound):
                assert salesforce_keeps_time(condition.text, stored), (stored, op, bound)


def test_case_34_float_columns_do_not_lose_the_decimals_that_round_to_them() -> None:
    chance = random.Random(4)
    for _ in range(1000):
        digits = chance.randrange(1, 18)
        stored = Decimal(chance.randrange(-10**digits, 10**digits)).scaleb(-chance.randrange(0, 9))
        shown, bound = float(stored), float(chance.choice([stored, stored + 1, -stored, Decimal(0)]))
        for op in ("=", "<", "<=", ">", ">="):
            condition = translate(column("double"), op, bound)
            if condition is None or not PYTHON[op](shown, bound):
                continue
            terms = re.findall(r"F__c (\S+) (-?[0-9.]+)", condition.text)
            assert terms
            assert all(PYTHON[there](stored, Decimal(literal)) for there, literal in terms), (stored, op, bound)


@pytest.mark.parametrize(("sf_type", "collate", "want"), [
    ("double", None, True), ("int", None, True), ("date", None, True), ("datetime", None, True),
    ("boolean", None, True),
    ("id", "C", True), ("id", "POSIX", True), ("id", "en_US.utf8", False), ("id", None, False), ("string", "C", False),
    ("picklist", "C", False), ("reference", "C", False), ("multipicklist", None, False)])
def test_only_sorts_that_agree_are_sent(sf_type: str, collate: str | None, want: bool) -> None:
    assert planner.can_sort(column(sf_type), Key("c", collate=collate)) is want
    assert not planner.can_sort(column(sf_type, is_sortable=False), Key("c", collate=collate))


@pytest.mark.parametrize(("key", "want"), [
    (Key("c"), "F__c ASC NULLS LAST"), (Key("c", is_reversed=True, nulls_first=True), "F__c DESC NULLS FIRST")])
def test_the_place_of_nulls_is_always_said(key: Key, want: str) -> None:
    assert planner.order_term(column("double"), key) == want


COLUMNS = {"name": Column("name", "Name", "string"), "total": Column("total", "Total__c", "currency"),
           "stamp": Column("stamp", "SystemModstamp", "datetime"), "id": Column("id", "Id", "id")}


@pytest.mark.parametrize(("quals", "limit", "want"), [
    ([], 5, "LIMIT 5"), ([Q("total", ">", Decimal(1))], 5, "LIMIT 5"), ([Q("name", "=", "a")], 5, None),
    ([Q("name", "<>", "a")], 5, None), ([Q("total", ">", Decimal(1)), Q("other", "=", 1)], 5, None)])
def test_a_limit_is_sent_only_when_every_condition_is_exact(quals: list[Q], limit: int, want: str | None) -> None:
    text = plan_scan("X", COLUMNS, needed=["name"], quals=quals, limit=limit).select.text()
    assert ("LIMIT" in text) == (want is not None)
    assert text.endswith(want or "")


def test_a_plan_names_what_is_sent_and_what_is_not() -> None:
    plan = plan_scan("X", COLUMNS, needed=["name", "total"], sortkeys=[Key("total")], quals=[
        Q("total", ">", Decimal("1.0")), Q("name", "=", "a"), Q("name", "<>", "b"), Q("id", "=", None)])
    assert plan.select.text() == ("SELECT Name, Total__c FROM X WHERE Total__c > 1 AND Name = 'a' AND Id = null "
                                  "ORDER BY Total__c ASC NULLS LAST")
    assert (plan.pushed, plan.superset, plan.local) == (("total > 1.0", "id IS NULL"), ("name = a",), ("name <> b",))


def test_a_scan_that_needs_no_column_asks_for_the_id() -> None:
    assert plan_scan("X", COLUMNS, needed=[], quals=[]).select.text() == "SELECT Id FROM X"


@pytest.mark.parametrize(("after", "where", "order"), [
    (",", "", "ORDER BY Id ASC NULLS FIRST"),
    (f",{ID}", f"WHERE Id > '{ID}' ", "ORDER BY Id ASC NULLS FIRST"),
    (f",{ID[:15]}", f"WHERE Id > '{ID}' ", "ORDER BY Id ASC NULLS FIRST"),
    ("2025-01-02T03:04:05.000Z,", "WHERE SystemModstamp >= 2025-01-02T03:04:05Z ",
     "ORDER BY SystemModstamp ASC NULLS FIRST, Id ASC NULLS FIRST"),
    (f"2025-01-02T03:04:05.000Z,{ID}", "WHERE (SystemModstamp > 2025-01-02T03:04:05Z OR (SystemModstamp = "
     f"2025-01-02T03:04:05Z AND Id > '{ID}')) ", "ORDER BY SystemModstamp ASC NULLS FIRST, Id ASC NULLS FIRST")])
def test_case_3_a_page_begins_behind_time_and_id(after: str, where: str, order: str) -> None:
    plan = plan_scan("X", COLUMNS, needed=["id"], quals=[], keyset=planner.keyset_of(after), page_size=10)
    fields = "Id, SystemModstamp" if "Modstamp" in order else "Id"
    assert plan.select.text() == f"SELECT {fields} FROM X {where}{order} LIMIT 10"


@pytest.mark.parametrize("after", ["", "x", "2025-01-01", "yesterday,", ",nonsense", "2025-01-01,' OR Id != null"])
def test_a_malformed_page_position_is_refused(after: str) -> None:
    with pytest.raises(Error, match="_after"):
        planner.keyset_of(after)


def test_case_57_a_long_list_is_divided_among_statements() -> None:
    names = [f"name {number:06d}" for number in range(20_000)]
    plan = plan_scan("X", COLUMNS, needed=["name"], quals=[Q("name", ("=", True), names), Q("total", "=", Decimal(1))])
    statements = list(plan.statements())
    assert len(statements) > 1
    assert all(len(statement) <= soql.MAX_STATEMENT_CHARS and "Total__c = 1" in statement for statement in statements)
    found = [name for statement in statements for name in re.findall(r"'(name \d+)'", statement)]
    assert found == names


def test_a_statement_that_cannot_be_divided_is_refused() -> None:
    columns = {f"c{n}": Column(f"c{n}", "F" * 200 + f"{n}__c", "string") for n in range(600)}
    with pytest.raises(Error) as caught:
        list(plan_scan("X", columns, needed=columns, quals=[]).statements())
    assert caught.value.sqlstate == "SF009"


def test_the_rest_of_a_plan_begins_behind_a_record() -> None:
    plan = plan_scan("X", COLUMNS, needed=["id"], quals=[], keyset=Keyset(None, ""), page_size=10)
    assert plan.after(Keyset(None, ID), 4).select.text() == (
        f"SELECT Id FROM X WHERE Id > '{ID}' ORDER BY Id ASC NULLS FIRST LIMIT 4")
