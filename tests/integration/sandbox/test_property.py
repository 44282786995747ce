"""Random statements on random records: the engine answers what plain Python answers.

`SOQL_STATEMENTS` says how many statements each of three seeds gives; `make test-sandbox` asks for 7,000.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.org import Options, Org
from sffdw.sandbox.soql.compiler import compile_soql
from sffdw.sandbox.soql.engine import Request
from sffdw.sandbox.soql.settings import Settings
from tests.integration.sandbox.material import (
    CHILD,
    COUNTED,
    DATE_LITERALS,
    DEFINITIONS,
    FISCAL_START,
    LINKS,
    OPERATORS,
    PARENT,
    PARTS,
    TODAY,
    ZONE,
    random_values,
)
from tests.integration.sandbox.plain import World
from tests.integration.sandbox.statements import Statement, Writer

COUNT = int(os.environ.get("SOQL_STATEMENTS", "1500"))
SEEDS, ENOUGH = [11, 22, 33], 7000
CLAUSES = [
    *("WHERE", "AND", "OR", "NOT", "null", "compare", "LIKE", "IN", "NOT IN", "INCLUDES", "EXCLUDES", "multi-select ="),
    *(f"operator {operator}" for operator in OPERATORS),
    *("case-sensitive text", "date literal", "date function", "convertTimezone", "DISTANCE", "toLabel in WHERE"),
    *("semi join", "anti join", "parent path", "polymorphic", "child subquery", "TYPEOF", "FIELDS", "queryAll"),
    *("alias of the object", "USING SCOPE", "WITH", "FOR", "UPDATE", "LIMIT", "OFFSET", "ORDER BY", "DESC", "NULLS"),
    *("ORDER BY DISTANCE", "DISTANCE in SELECT", "toLabel", "FORMAT", "convertCurrency", "COUNT()"),
    *("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUP BY", "ROLLUP", "CUBE", "GROUPING", "HAVING"),
    *("HAVING with AND or OR", "ORDER BY in groups", "LIMIT in groups"),
]
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


def make_world(org: Org, seed: int) -> World:
    """Store random records and return them as plain Python knows them."""
    dice = random.Random(seed)
    user = org.users.default.user_id
    for definition in DEFINITIONS:
        org.store.follow(org.schema.define(definition))
    records: dict[str, list[dict[str, Any]]] = {PARENT: [], CHILD: []}
    for name, count in ((PARENT, 40), (CHILD, 90)):
        for _ in range(count):
            values = random_values(dice)
            above = dice.choice(records[PARENT])["Id"] if records[PARENT] and dice.random() < 0.75 else None
            values[LINKS[name]] = above
            change = {"op": "create", "object": name, "values": values}
            result = org.store.apply([change], user=user, at=org.stamp())[0]
            assert result["success"], result
            stored = {**values, "Id": result["id"], "IsDeleted": False, "OwnerId": user}
            records[name].append({**stored, "Clock__c": values["Clock__c"] and f"{values['Clock__c']}.000Z"})
    for record in dice.sample(records[CHILD], 10):
        org.store.apply([{"op": "delete", "object": CHILD, "id": record["Id"]}], user=user, at=org.stamp())
        record["IsDeleted"] = True
    return World(records, NOW, user)


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    made = Org(Options(seed=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def tally() -> Counter[str]:
    """How many statements used each clause, function and literal."""
    return Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_engine_answers_what_plain_python_answers(org: Org, tally: Counter[str], seed: int) -> None:
    if PARENT in org.schema:
        for name in (CHILD, PARENT):
            org.store.follow(org.schema.drop(name))
    world = make_world(org, seed)
    writer = Writer(world, seed)
    telling = 0
    for _ in range(COUNT):
        statement = writer.statement()
        check(org, statement)
        telling += 0 < statement.total < statement.of
    assert telling / COUNT >= 0.3, f"only {telling} of {COUNT} results are neither empty nor everything"
    tally.update(writer.clauses)


@pytest.mark.skipif(COUNT < ENOUGH, reason=f"SOQL_STATEMENTS is less than {ENOUGH}: make test-sandbox asks for it")
def test_every_clause_function_and_literal_was_in_a_hundred_statements(tally: Counter[str]) -> None:
    names = [*CLAUSES, *DATE_LITERALS, *COUNTED, *PARTS, "HOUR_IN_DAY"]
    assert {name: tally[name] for name in names if tally[name] < 100} == {}
    assert set(tally) <= set(names), "a clause that is written is not listed"


def check(org: Org, statement: Statement) -> None:
    """Run a statement and compare."""
    try:
        user = org.users.default.user_id
        settings = Settings(
            now=NOW,
            zone=ZONE,
            fiscal_start_month=FISCAL_START,
            includes_deleted=statement.deleted_too,
            user_id=user,
        )
        plan = compile_soql(statement.soql, org.schema, settings)
        answer = json.loads(org.engine.run(plan, Request("x", "62.0", 0.0)).text)
    except ApiError as error:
        raise AssertionError(f"{statement.soql}\nrefused: {error.message}") from error
    assert answer["totalSize"] == statement.total, (
        f"{statement.soql}\n{answer['totalSize']} rows, wanted {statement.total}"
    )
    # Sums differ in their last bits with the order of adding, and any one way of rounding has its ties.
    assert any(is_same(answer["records"], statement, digits) for digits in (12, 11, 10)), show(answer, statement)


def is_same(records: list[dict[str, Any]], statement: Statement, digits: int) -> bool:
    """Compare an answer with what is wanted, numbers to so many digits."""
    got = [key(flat(record), digits) for record in records]
    want = [key(row, digits) for row in statement.rows]
    if statement.any_of is not None:
        return not Counter(got) - Counter(want)
    return got == want if statement.is_ordered else Counter(got) == Counter(want)


def show(answer: dict[str, Any], statement: Statement) -> str:
    """Say what differs."""
    got, want = (Counter(key(row, 12) for row in rows) for rows in (map(flat, answer["records"]), statement.rows))
    return f"{statement.soql}\nanswered {list(got - want)[:3]}\nwanted   {list(want - got)[:3]}"


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested parents into dotted names, as the statement wrote them."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name == "attributes":
            continue
        if name == "Owner":
            shown = {key: item for key, item in value.items() if key != "attributes"}
            found["Owner"] = json.dumps(shown, sort_keys=True)
        elif name == "Children__r":
            found["Children"] = value and [flat(child) for child in value["records"]]
        elif isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def key(row: dict[str, Any], digits: int) -> str:
    """Return a row as comparable text: nulls dropped (a missing parent hides its fields), group keys folded."""
    shown = {}
    for name, value in row.items():
        if value is None or name.endswith("__r"):
            continue
        if isinstance(value, float | int) and not isinstance(value, bool):
            value = f"{float(value):.{digits}g}"
        elif name.startswith("k") and isinstance(value, str):
            value = value.upper()
        shown[name] = value
    return json.dumps(shown, sort_keys=True)
