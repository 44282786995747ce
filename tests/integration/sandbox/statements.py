"""Random SOQL: each statement with its text and, built alongside, what plain Python says it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.sandbox import plain
from tests.integration.sandbox.conditions import ConditionWriter
from tests.integration.sandbox.material import (
    CHILD,
    FIELDS,
    FISCAL_START,
    LABELS,
    LINKS,
    MODES,
    PARENT,
    PARTS,
    PICKS,
)
from tests.integration.sandbox.plain import Getter, Record

GroupKey = tuple[str, Getter, str]  # text, value, how it is ordered


@dataclass
class Statement:
    """A statement, the rows it must answer, and whether their order counts.

    `any_of` is set where a LIMIT chooses among unordered rows: the answer must be so many of `rows`.
    """

    soql: str
    rows: list[Any]
    is_ordered: bool
    total: int
    of: int
    any_of: int | None = None
    deleted_too: bool = False


class Writer(ConditionWriter):
    """Writes random statements about a world."""

    def statement(self) -> Statement:
        """Return the next statement."""
        self.deleted_too = False
        kind = self.dice.choices(["rows", "groups", "totals", "count", "fields"], [12, 6, 2, 2, 1])[0]
        write: Callable[[], Statement] = getattr(self, f"_{kind}")
        return write()

    # Whole statements

    def _where(self, sobject: str) -> tuple[str, Callable[[Record], bool]]:
        if self.dice.random() < 0.1:
            return "", lambda record: True
        self._use("WHERE")
        condition = self.condition(sobject)
        return f" WHERE {condition.text}", condition.test

    def _order(self, sobject: str) -> tuple[str, list[tuple[Getter, str, bool, bool]]]:
        """Choose an order; it ends with Id, so that it is total."""
        items, keys = [], []
        for _ in range(self.dice.randint(1, 2)):
            text, path, kind = self._path(sobject, ["text", "number", "int", "currency", "boolean", "date", "datetime"])
            is_descending, nulls = self.dice.random() < 0.5, self.dice.choice(["", " NULLS FIRST", " NULLS LAST"])
            items.append(f"{text}{' DESC' if is_descending else ''}{nulls}")
            get = self._sort_getter(path)
            keys.append(
                (get, kind if not path[-1].startswith("Pick") else "rank", is_descending, nulls != " NULLS LAST")
            )
            self._use("ORDER BY", *(["NULLS"] if nulls else []), *(["DESC"] if is_descending else []))
        if self.dice.random() < 0.15:
            text, get = self._far_away()
            self._use("ORDER BY DISTANCE")
            items, keys = [f"{text} NULLS LAST"], [(get, "plain", False, False)]
        return f" ORDER BY {', '.join([*items, 'Id'])}", [*keys, (lambda record: record["Id"], "plain", False, True)]

    def _sort_getter(self, path: tuple[str, ...]) -> Getter:
        def get(record: Record) -> Any:
            value = self.world.get(record, path)
            return PICKS.index(value) if path[-1].startswith("Pick") and value is not None else value

        return get

    def _far_away(self) -> tuple[str, Getter]:
        """Write the distance of a record from some place."""
        lat, lon = round(self.dice.uniform(-50, 50), 3), round(self.dice.uniform(-150, 150), 3)

        def get(record: Record) -> float | None:
            return plain.kilometres(record["Place__Latitude__s"], record["Place__Longitude__s"], lat, lon)

        return f"DISTANCE(Place__c, GEOLOCATION({lat}, {lon}), 'km')", get

    def _tail(self) -> str:
        """Choose clauses that change nothing in the answer."""
        found = ""
        if self.dice.random() < 0.1:
            self._use("FOR")
            found += self.dice.choice([" FOR VIEW", " FOR REFERENCE"])
        if self.dice.random() < 0.1:
            self._use("UPDATE")
            found += self.dice.choice([" UPDATE TRACKING", " UPDATE VIEWSTAT", " UPDATE TRACKING, VIEWSTAT"])
        return found

    def _with(self) -> str:
        if self.dice.random() < 0.9:
            return ""
        self._use("WITH")
        return f" WITH {self.dice.choice(MODES)}"

    def _fields(self) -> Statement:
        """Write FIELDS() in place of names."""
        self._use("FIELDS")
        sobject = self.dice.choice([PARENT, CHILD])
        where, test = self._where(sobject)
        found = [record for record in self.world.of(sobject) if test(record)]
        place = {"Place__c.latitude": "Place__Latitude__s", "Place__c.longitude": "Place__Longitude__s"}
        names = [name for name in [*FIELDS, LINKS[sobject], *place.values()] if name.endswith(("__c", "__s"))]
        rows = [
            {name: record.get(name) for name in names} | {shown: record[name] for shown, name in place.items()}
            for record in found
        ]
        soql = f"SELECT FIELDS(CUSTOM) FROM {sobject}{where}{self._with()} LIMIT 200"
        return Statement(soql, rows, False, len(rows), len(self.world.of(sobject)))

    def _count(self) -> Statement:
        self._use("COUNT()")
        sobject = self.dice.choice([PARENT, CHILD])
        where, test = self._where(sobject)
        rows = self.world.of(sobject)
        total = sum(1 for record in rows if test(record))
        return Statement(f"SELECT COUNT() FROM {sobject}{where}", [], True, total, len(rows))

    def _rows(self) -> Statement:
        sobject = self.dice.choice([PARENT, CHILD])
        deleted_too = self.deleted_too = self.dice.random() < 0.15
        if deleted_too:
            self._use("queryAll")
        where, test = self._where(sobject)
        everything = self.world.of(sobject, deleted_too=deleted_too)
        found = [record for record in everything if test(record)]
        paths = {text: path for text, path, _ in (self._path(sobject) for _ in range(self.dice.randint(1, 4)))}
        items = list(paths)
        order, keys = self._order(sobject) if self.dice.random() < 0.6 else ("", [])
        if keys:
            found = plain.ordered(found, keys)
        child = self._children(deleted_too) if sobject == PARENT and self.dice.random() < 0.25 else None
        if child is not None:
            items.append(child[0])
        shown = self._shown()
        items += [text for text, _ in shown]
        limit, found, any_of = self._range(found, bool(keys))
        rows = [
            {
                **{text: self.world.get(r, path) for text, path in paths.items()},
                **({"Children": child[1](r)} if child else {}),
                **{
                    text.split()[-1] if " " in text and "TYPEOF" not in text else "Owner": get(r) for text, get in shown
                },
            }
            for r in found
        ]
        scope = self.dice.choice(["", "", "", " USING SCOPE mine", " USING SCOPE everything"])
        self._use(*(["USING SCOPE"] if scope else []))
        source = sobject
        if self.dice.random() < 0.15:
            self._use("alias of the object")
            items = [f"thing.{text}" if text in paths else text for text in items]
            source = f"{sobject} thing"
        soql = f"SELECT {', '.join(items)} FROM {source}{scope}{where}{self._with()}{order}{limit}{self._tail()}"
        total = any_of if any_of is not None else len(rows)
        return Statement(soql, rows, bool(keys), total, len(everything), any_of, deleted_too)

    def _shown(self) -> list[tuple[str, Getter]]:
        """Choose items that show a field in another form, or a polymorphic parent."""
        forms: dict[str, list[tuple[str, Getter]]] = {
            "toLabel": [("toLabel(Pick__c) f0", lambda record: LABELS.get(record["Pick__c"]))],
            "FORMAT": [("FORMAT(Money__c) f1", lambda record: _dollars(record["Money__c"]))],
            "convertCurrency": [("convertCurrency(Money__c) f2", lambda record: record["Money__c"])],
            "TYPEOF": [("TYPEOF Owner WHEN User THEN IsActive ELSE Name END", lambda record: '{"IsActive": true}')],
            "DISTANCE in SELECT": [self._shown_distance()],
            "polymorphic": [("Owner.Type", lambda record: '{"Type": "User"}')],
        }
        name = self.dice.choice([*forms, None, None])
        self._use(*([name] if name else []))
        return forms[name] if name else []

    def _shown_distance(self) -> tuple[str, Getter]:
        text, get = self._far_away()
        return f"{text} f3", get

    def _range(self, found: list[Any], is_ordered: bool) -> tuple[str, list[Any], int | None]:
        """Choose LIMIT and OFFSET; without an order a LIMIT may choose any rows."""
        if self.dice.random() < 0.6:
            return "", found, None
        limit = self.dice.choice([1, 5, 20, 500])
        self._use("LIMIT")
        if is_ordered and self.dice.random() < 0.4:
            offset = self.dice.choice([1, 3, 10])
            self._use("OFFSET")
            return f" LIMIT {limit} OFFSET {offset}", found[offset : offset + limit], None
        return f" LIMIT {limit}", found[:limit] if is_ordered else found, None if is_ordered else min(limit, len(found))

    def _children(self, deleted_too: bool) -> tuple[str, Getter]:
        """Write a child subquery."""
        self._use("child subquery")
        where, test = self._where(CHILD) if self.dice.random() < 0.6 else ("", lambda record: True)
        order, keys = self._order(CHILD)
        limit = self.dice.choice([None, None, 1, 2])
        rows = self.world.of(CHILD, deleted_too=deleted_too)

        def get(parent: Record) -> Any:
            found = [record for record in rows if record["Parent__c"] == parent["Id"] and test(record)]
            found = plain.ordered(found, keys)[: limit or None]
            return [{"Name": record["Name"], "Id": record["Id"]} for record in found] or None

        return f"(SELECT Name, Id FROM Children__r{where}{order}{f' LIMIT {limit}' if limit else ''})", get

    # Aggregates

    def _aggregates(self, sobject: str) -> list[tuple[str, Callable[[list[Record]], Any]]]:
        found: list[tuple[str, Callable[[list[Record]], Any]]] = []
        for number in range(self.dice.randint(1, 3)):
            name = self.dice.choice(["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"])
            kinds = (
                ["number", "int", "currency"]
                if name in {"SUM", "AVG"}
                else ["text", "number", "int", "currency", "date", "datetime"]
            )
            text, path, kind = self._path(sobject, kinds)
            if name in {"MIN", "MAX"} and kind == "text":
                name = "COUNT"  # which spelling of equal texts is shown is not defined
            self._use(name)

            def compute(rows: list[Record], name: str = name, path: tuple[str, ...] = path) -> Any:
                return plain.aggregate(name, [self.world.get(record, path) for record in rows])

            found.append((f"{name}({text}) a{number}", compute))
        return found

    def _totals(self) -> Statement:
        sobject = self.dice.choice([PARENT, CHILD])
        where, test = self._where(sobject)
        rows = [record for record in self.world.of(sobject) if test(record)]
        columns = self._aggregates(sobject)
        answer = {text.split()[-1]: compute(rows) for text, compute in columns}
        soql = f"SELECT {', '.join(text for text, _ in columns)} FROM {sobject}{where}"
        return Statement(soql, [answer], True, 1, len(self.world.of(sobject)) if rows else 0)

    def _groups(self) -> Statement:
        """Write a grouped query; keys are fields or parts of dates."""
        self._use("GROUP BY")
        sobject = self.dice.choice([PARENT, CHILD])
        where, test = self._where(sobject)
        rows = [record for record in self.world.of(sobject) if test(record)]
        keys = [self._group_key(sobject, number) for number in range(self.dice.randint(1, 2))]
        keys = list({key[0]: key for key in keys}.values())
        columns = self._aggregates(sobject)
        kind = self.dice.choices(["plain", "ROLLUP", "CUBE"], [6, 1, 1])[0]
        sets = self._grouping_sets(len(keys), kind)
        having, passes = self._having(sobject)
        answers = []
        for chosen in sets:
            for group in self._grouped(rows, keys, chosen):
                if passes(group):
                    shown = {
                        f"k{number}": plain.fold(key[1](group[0])) if number in chosen else None
                        for number, key in enumerate(keys)
                    }
                    if kind != "plain":
                        shown |= {f"g{number}": int(number not in chosen) for number in range(len(keys))}
                    answers.append(shown | {text.split()[-1]: compute(group) for text, compute in columns})
        grouped = ", ".join(text for text, _, _ in keys)
        by = grouped if kind == "plain" else f"{kind}({grouped})"
        flags = list(range(len(keys))) if kind != "plain" else []
        self._use(*(["GROUPING"] if flags else []))
        items = [f"GROUPING({keys[number][0]}) g{number}" for number in flags]
        items += [f"{text} k{number}" for number, (text, _, _) in enumerate(keys)] + [text for text, _ in columns]
        order, limit, ordered = "", "", answers
        if kind == "plain" and self.dice.random() < 0.5:
            order, limit, ordered = self._group_order(keys, answers)
        soql = f"SELECT {', '.join(items)} FROM {sobject}{where}{self._with()} GROUP BY {by}{having}{order}{limit}"
        return Statement(soql, ordered, bool(order), len(ordered), max(len(answers) + 1, 2) if rows else 0)

    def _group_order(self, keys: list[GroupKey], answers: list[Any]) -> tuple[str, str, list[Any]]:
        """Order groups by all their keys, which makes the order total, and perhaps take the first few."""
        self._use("ORDER BY in groups")
        items, by = [], []
        for number, (text, _, kind) in enumerate(keys):
            is_descending, nulls = self.dice.random() < 0.5, self.dice.choice(["FIRST", "LAST"])
            items.append(f"{text}{' DESC' if is_descending else ''} NULLS {nulls}")

            def get(answer: Any, name: str = f"k{number}", kind: str = kind) -> Any:
                value = answer[name]
                return [pick.upper() for pick in PICKS].index(value) if kind == "rank" and value else value

            by.append((get, "plain" if kind == "rank" else kind, is_descending, nulls == "FIRST"))
        ordered = plain.ordered(answers, by)
        if self.dice.random() < 0.5:
            return f" ORDER BY {', '.join(items)}", "", ordered
        self._use("LIMIT in groups")
        most = self.dice.choice([1, 3, 10])
        return f" ORDER BY {', '.join(items)}", f" LIMIT {most}", ordered[:most]

    def _group_key(self, sobject: str, number: int) -> GroupKey:
        if self.dice.random() < 0.35:
            text, path, kind = self._path(sobject, ["date", "datetime"])
            name = self.dice.choice([*PARTS, "DAY_ONLY", *(["HOUR_IN_DAY"] * 3 if kind == "datetime" else [])])
            inner, get = self._in_zone(text, path, kind)
            self._use("date function", name)
            return f"{name}({inner})", lambda record: plain.date_part(name, get(record), FISCAL_START), "plain"
        text, path, kind = self._path(sobject, ["text", "int", "boolean", "date"])
        kind = "rank" if path[-1].startswith("Pick") else "text" if kind == "text" else "plain"
        return text, lambda record: self.world.get(record, path), kind

    def _grouping_sets(self, count: int, kind: str) -> list[tuple[int, ...]]:
        everything = tuple(range(count))
        if kind == "plain":
            return [everything]
        self._use(kind)
        if kind == "ROLLUP":
            return [everything[:size] for size in range(count, -1, -1)]
        return [tuple(n for n in everything if mask >> n & 1) for mask in range(2**count)]

    def _grouped(self, rows: list[Any], keys: list[GroupKey], chosen: tuple[int, ...]) -> list[list[Any]]:
        groups: dict[Any, list[Any]] = {}
        for record in rows:
            groups.setdefault(tuple(plain.fold(keys[number][1](record)) for number in chosen), []).append(record)
        return list(groups.values())

    def _having(self, sobject: str) -> tuple[str, Callable[[list[Any]], bool]]:
        if self.dice.random() < 0.5:
            return "", lambda group: True
        self._use("HAVING")
        first, passes = self._having_item(sobject)
        if self.dice.random() < 0.6:
            return f" HAVING {first}", passes
        self._use("HAVING with AND or OR")
        second, also = self._having_item(sobject)
        word = self.dice.choice(["AND", "OR"])
        every = all if word == "AND" else any
        return f" HAVING {first} {word} {second}", lambda group: every((passes(group), also(group)))

    def _having_item(self, sobject: str) -> tuple[str, Callable[[list[Any]], bool]]:
        least, operator = self.dice.choice([1, 2, 3]), self.dice.choice([">", "<=", "!="])
        if self.dice.random() < 0.4:
            return f"COUNT(Id) {operator} {least}", lambda group: plain.compare(operator, len(group), least, "plain")
        name = self.dice.choice(["MIN", "MAX", "COUNT_DISTINCT"])
        text, path, _ = self._path(sobject, ["int"])

        def passes(group: list[Any]) -> bool:
            value = plain.aggregate(name, [self.world.get(record, path) for record in group])
            return plain.compare(operator, value, least, "plain")

        return f"{name}({text}) {operator} {least}", passes


def _dollars(value: float | None) -> str | None:
    return None if value is None else f"${value:,.2f}"
