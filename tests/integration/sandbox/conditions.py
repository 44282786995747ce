"""Random conditions: each with its text and, built alongside, its test in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.sandbox import plain
from tests.integration.sandbox.material import (
    CHILD,
    COUNTED,
    DATE_LITERALS,
    FIELDS,
    FISCAL_START,
    LABELS,
    LINKS,
    MULTI,
    NAMES,
    OPERATORS,
    PARENT,
    PARTS,
    PICKS,
    TIMES,
    TODAY,
    ZONE,
)
from tests.integration.sandbox.plain import Record, World


@dataclass
class Condition:
    """A condition as text and as a test."""

    text: str
    test: Callable[[Record], bool]
    is_compound: bool = False


class ConditionWriter:
    """Writes random conditions on the records of a world; `clauses` counts what they use."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.clauses: Counter[str] = Counter()
        self.zone = ZoneInfo(ZONE)
        self.deleted_too = False  # queryAll: inner queries see deleted records as well

    def _use(self, *names: str) -> None:
        self.clauses.update(names)

    # Parts

    def _path(self, sobject: str, kinds: Sequence[str] | None = None) -> tuple[str, tuple[str, ...], str]:
        """Choose a field of the object or of a parent: SOQL text, path of stored fields, kind."""
        name = self.dice.choice([name for name, kind in FIELDS.items() if kinds is None or kind in kinds])
        if self.dice.random() < 0.75:
            return name, (name,), FIELDS[name]
        self._use("parent path")
        link = LINKS[sobject]
        steps = [link] if self.dice.random() < 0.7 else [link, "Above__c"]
        text = ".".join(step[:-1] + "r" for step in steps)
        return f"{text}.{name}", (*steps, name), FIELDS[name]

    def _quote(self, text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def _literal(self, kind: str, field: str) -> tuple[str, Any]:
        """Choose a literal of a kind: its text and value."""
        dice = self.dice
        if kind != "boolean" and dice.random() < 0.1:
            self._use("null")
            return "null", None
        match kind:
            case "text":
                value: Any = dice.choice(PICKS if field.endswith("Pick__c") else [name for name in NAMES if name])
                value = dice.choice([value, value.upper(), value.lower()])
                return self._quote(value), value
            case "number" | "currency":
                value = dice.choice([0.0, 1.5, -2.25, 1000000.0, 3.0, 99.99, 2.5e7, -10.0])
                return f"{value:.2f}", value
            case "int":
                value = dice.choice([0, 1, 7, -3, 2])
                return str(value), value
            case "boolean":
                value = dice.random() < 0.5
                return str(value).upper(), value
            case "date":
                value = (TODAY + timedelta(days=dice.choice([0, -1, -30, 40]))).isoformat()
                return value, value
            case "datetime":
                day = TODAY + timedelta(days=dice.choice([0, -1, 1, -20]))
                form = dice.choice(["12:30:15Z", "12:30:15.000+0000", "14:30:15+02:00", "09:30:15.999-0300"])
                return f"{day}T{form}", f"{day}T12:30:15.000+0000"
            case "exact":
                value = dice.choice(["ab", "AB", "aB", "c"])
                self._use("case-sensitive text")
                return self._quote(value), value
            case "time":
                value = dice.choice(TIMES)
                return f"{value}.000Z", f"{value}.000Z"
            case "id":
                value = dice.choice(list(self.world.by_id))
                return f"'{dice.choice([value, value[:15]])}'", value
        raise AssertionError(kind)

    # Conditions

    def condition(self, sobject: str, depth: int = 0) -> Condition:
        """Write a condition, nested up to two levels."""
        if depth < 2 and self.dice.random() < 0.45:
            return self._joined(sobject, depth)
        return self._simple(sobject, may_join=depth == 0)

    def _joined(self, sobject: str, depth: int) -> Condition:
        if self.dice.random() < 0.25:
            self._use("NOT")
            inner = self.condition(sobject, depth + 1)
            return Condition(f"NOT ({inner.text})", lambda record: not inner.test(record), True)
        word = self.dice.choice(["AND", "OR"])
        self._use(word)
        parts = [
            self._simple(sobject) if self.dice.random() < 0.6 else self.condition(sobject, depth + 1)
            for _ in range(self.dice.randint(2, 3))
        ]
        text = f" {word} ".join(f"({part.text})" if part.is_compound else part.text for part in parts)
        every = all if word == "AND" else any
        return Condition(text, lambda record: every(part.test(record) for part in parts), True)

    def _simple(self, sobject: str, *, may_join: bool = False) -> Condition:
        writers = [self._comparison] * 5 + [self._like, self._membership, self._membership, self._date_literal]
        writers += [self._includes, self._part, self._distance, self._part, self._label, *[self._date_literal] * 3]
        if may_join:
            writers += [self._semi_join] * 2
        return self.dice.choice(writers)(sobject)

    def _comparison(self, sobject: str) -> Condition:
        text, path, kind = self._path(sobject)
        if kind == "multi":
            return self._same_set(text, path)
        operator = self.dice.choice(OPERATORS[:2] if kind in {"boolean", "id"} else OPERATORS)
        literal, value = self._literal(kind, path[-1])
        if value is None and operator not in {"=", "!="}:
            operator = "="
        self._use("compare", f"operator {operator}")
        get, compared = self.world.get, "text" if kind == "text" else "boolean" if kind == "boolean" else "plain"
        return Condition(
            f"{text} {operator} {literal}", lambda record: plain.compare(operator, get(record, path), value, compared)
        )

    def _same_set(self, text: str, path: tuple[str, ...]) -> Condition:
        self._use("multi-select =")
        chosen = self.dice.sample(MULTI, self.dice.randint(1, 2))
        operator = self.dice.choice(["=", "!="])
        wanted = {value.upper() for value in chosen}

        def test(record: Record) -> bool:
            return (plain.values_of(self.world.get(record, path)) == wanted) == (operator == "=")

        return Condition(f"{text} {operator} '{';'.join(chosen)}'", test)

    def _like(self, sobject: str) -> Condition:
        self._use("LIKE")
        text, path, _ = self._path(sobject, ["text"])
        pattern = self.dice.choice(
            ["a%", "%e", "%c%", "acm_", "%\\%%", "_\\_x%", "100\\% \\_x\\_", "ä%", "%🎈", "nothing"]
        )
        return Condition(f"{text} LIKE '{pattern}'", lambda record: plain.like(self.world.get(record, path), pattern))

    def _membership(self, sobject: str) -> Condition:
        text, path, kind = self._path(sobject, ["text", "number", "int", "currency", "date", "id"])
        literals = [self._literal(kind, path[-1]) for _ in range(self.dice.randint(1, 4))]
        is_negated = self.dice.random() < 0.4
        self._use("NOT IN" if is_negated else "IN")
        compared = "text" if kind == "text" else "plain"

        def test(record: Record) -> bool:
            value = self.world.get(record, path)
            return any(plain.compare("=", value, wanted, compared) for _, wanted in literals) != is_negated

        listed = ", ".join(literal for literal, _ in literals)
        return Condition(f"{text} {'NOT IN' if is_negated else 'IN'} ({listed})", test)

    def _date_literal(self, sobject: str) -> Condition:
        text, path, _ = self._path(sobject, ["date", "datetime"])
        name, count = self.dice.choice(DATE_LITERALS), 0
        shown = name
        if self.dice.random() < 0.5:
            name, count = self.dice.choice(COUNTED), self.dice.choice([1, 2, 7, 30])
            shown = f"{name}:{count}"
        self._use("date literal", name)
        operator = self.dice.choice(OPERATORS)
        days = plain.literal_days(name, count, TODAY, FISCAL_START)
        return Condition(
            f"{text} {operator} {shown}",
            lambda record: plain.in_range(operator, self.world.get(record, path), days, self.zone),
        )

    def _includes(self, sobject: str) -> Condition:
        text, path, _ = self._path(sobject, ["multi"])
        wanted = [self.dice.sample(MULTI, self.dice.randint(1, 2)) for _ in range(self.dice.randint(1, 2))]
        is_negated = self.dice.random() < 0.4
        self._use("EXCLUDES" if is_negated else "INCLUDES")

        def test(record: Record) -> bool:
            stored = plain.values_of(self.world.get(record, path))
            return any({value.upper() for value in group} <= stored for group in wanted) != is_negated

        listed = ", ".join("'" + ";".join(group) + "'" for group in wanted)
        return Condition(f"{text} {'EXCLUDES' if is_negated else 'INCLUDES'} ({listed})", test)

    def _part(self, sobject: str) -> Condition:
        text, path, kind = self._path(sobject, ["date", "datetime"])
        name = self.dice.choice(
            [part for part in PARTS if part != "DAY_ONLY"] + (["HOUR_IN_DAY"] * 3 if kind == "datetime" else [])
        )
        inner, get = self._in_zone(text, path, kind)
        self._use("date function", name)
        value = self.dice.choice([1, 2, 5, 6, 18, 2024, 2025])
        operator = self.dice.choice(OPERATORS)
        return Condition(
            f"{name}({inner}) {operator} {value}",
            lambda record: plain.compare(operator, plain.date_part(name, get(record), FISCAL_START), value, "plain"),
        )

    def _in_zone(self, text: str, path: tuple[str, ...], kind: str) -> tuple[str, Callable[[Record], str | None]]:
        """Choose whether a date function sees a dateTime in UTC or in the user's zone."""
        if kind != "datetime" or self.dice.random() < 0.5:
            return text, lambda record: self.world.get(record, path)
        self._use("convertTimezone")

        def get(record: Record) -> str | None:
            value = self.world.get(record, path)
            return None if value is None else plain.local(value, self.zone)

        return f"convertTimezone({text})", get

    def _label(self, sobject: str) -> Condition:
        """Compare what a picklist shows."""
        self._use("toLabel in WHERE")
        value = self.dice.choice([*LABELS.values(), "Low", "HOCH"])
        operator = self.dice.choice(["=", "!="])
        return Condition(
            f"toLabel(Pick__c) {operator} '{value}'",
            lambda record: plain.compare(operator, LABELS.get(record["Pick__c"]), value, "text"),
        )

    def _distance(self, sobject: str) -> Condition:
        self._use("DISTANCE")
        lat, lon, limit = (
            round(self.dice.uniform(-50, 50), 3),
            round(self.dice.uniform(-150, 150), 3),
            self.dice.choice([2000, 5000, 9000]),
        )
        operator = self.dice.choice(["<", ">"])

        def test(record: Record) -> bool:
            found = plain.kilometres(record["Place__Latitude__s"], record["Place__Longitude__s"], lat, lon)
            return plain.compare(operator, found, limit, "plain")

        return Condition(f"DISTANCE(Place__c, GEOLOCATION({lat}, {lon}), 'km') {operator} {limit}", test)

    def _semi_join(self, sobject: str) -> Condition:
        is_negated = self.dice.random() < 0.5
        self._use("anti join" if is_negated else "semi join")
        own, inner, selected = ("Id", CHILD, "Parent__c") if sobject == PARENT else ("Parent__c", PARENT, "Id")
        condition = self._simple(inner)
        chosen = {
            record[selected] for record in self.world.of(inner, deleted_too=self.deleted_too) if condition.test(record)
        } - {None}
        word = "NOT IN" if is_negated else "IN"
        return Condition(
            f"{own} {word} (SELECT {selected} FROM {inner} WHERE {condition.text})",
            lambda record: (record[own] in chosen) != is_negated,
        )
