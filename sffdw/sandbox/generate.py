"""Rows by the million: plausible values with nasty ones mixed in, the same for the same seed.

Every field has a pool of ready values whose length is a prime of its own; rows are cut across the pools, so making a
row costs no Python. Values are as stored (trimmed, valid for the field). Parents are records that exist already.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, cycle, islice, repeat
from typing import Any

from sffdw.sandbox import ids, pools, stamps
from sffdw.sandbox.dml import currencies, persons, record_types, standard
from sffdw.sandbox.dml.actor import Actor
from sffdw.sandbox.schema import Field, Schema, SObject
from sffdw.sandbox.schema.person_fields import is_person_field
from sffdw.sandbox.schema.record_types import FIELD
from sffdw.sandbox.store.store import Store
from sffdw.sandbox.store.tables import column_name, table_name

_CHUNK = 20_000
_HISTORY = timedelta(days=900)
_MOMENTS = 20_011  # distinct stamps to choose from
_TIE_SIZES = (1, 1, 1, 2, 3, 7, 200)  # records that share the second they were made in, as bulk loads do
_MAX_PARENTS = 10_007
# What the rules for standard objects derive from the other values of a row.
_DERIVED: dict[str, tuple[str, ...]] = {
    "Opportunity": (
        *("IsClosed", "IsWon", "Probability", "ForecastCategory", "ForecastCategoryName", "ExpectedRevenue"),
        *("Fiscal", "FiscalYear", "FiscalQuarter"),
    ),
    "OpportunityLineItem": ("TotalPrice", "ListPrice", "Product2Id", "ProductCode", "Name"),
    "PricebookEntry": ("Name", "ProductCode"),
    "Case": ("IsClosed",),
    "Task": ("IsClosed", "IsHighPriority"),
    "Event": ("ActivityDateTime", "ActivityDate", "EndDateTime", "EndDate"),
}
_LEFT_OUT = re.compile(r"(?i)recurrence|geocode|jigsaw|duns|isdeleted|isarchived|^isconverted$|converted.*id$|remind")


class GenerateError(ValueError):
    """Rows that cannot be made; the message says what is missing."""


def generate_rows(store: Store, schema: Schema, object_name: str, count: int, *, seed: int, user: str, at: str) -> int:
    """Store `count` new records of an object that `user` owns, the newest made at `at`; returns their number.

    Raises GenerateError for an unknown object and for required parents of which there are none.
    """
    sobject = schema.get(object_name)
    if sobject is None:
        raise GenerateError(f'unknown object "{object_name}"')
    if sobject.key_prefix is None:
        raise GenerateError(f'records of "{sobject.name}" have no ids of their own')
    if count == 0:
        return 0
    with store.transaction():
        actor = Actor(user, at, is_raw=True)
        first = store.next_number(sobject.key_prefix, count)
        generation = _Generation(store, sobject, random.Random(f"{seed} {sobject.name} {first}"), actor, count, first)
        columns = generation.columns()
        return store.insert_rows(sobject, generation.names(), generation.rows(columns))


@dataclass(slots=True)
class _Generation:
    """The rows of one object in the making."""

    store: Store
    sobject: SObject
    dice: random.Random
    actor: Actor
    count: int
    first: int

    def names(self) -> list[str]:
        """List the columns of the rows."""
        own = ["Id", *(field.name for field in self._fields()), *self._stamp_names()]
        derived = [name for name in _DERIVED.get(self.sobject.name, ()) if self.sobject.stored_field(name)]
        return [*own, *(name for name in derived if name not in own)]

    def _stamp_names(self) -> list[str]:
        wanted = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
        return [name for name in wanted if self.sobject.stored_field(name) is not None]

    def _fields(self) -> list[Field]:
        """Generated accounts are companies, not persons."""
        is_account = self.sobject.name == "Account"
        made = (field for field in self.sobject.fields if _is_made(field))
        return [field for field in made if not (is_account and is_person_field(field.name))]

    def columns(self) -> list[Iterator[Any]]:
        """Give the values of the id and of each field. Raises GenerateError."""
        return [self._ids(self.count), *(self._column(field) for field in self._fields())]

    def _ids(self, count: int) -> Iterator[str]:
        return sequential_ids(str(self.sobject.key_prefix), self.store.instance, self.first, count)

    def rows(self, columns: Sequence[Iterator[Any]]) -> Iterator[Sequence[Any]]:
        """Yield the rows, chunk by chunk."""
        created, later = self._creations(), self._moments()
        has_rules = self.sobject.name in _DERIVED
        for start in range(0, self.count, _CHUNK):
            size = min(_CHUNK, self.count - start)
            cut = [list(islice(column, size)) for column in columns]
            chunk = zip(*self._named(cut), *self._stamps(list(islice(created, size)), later), strict=True)
            yield from self._derive(chunk) if has_rules else chunk

    def _derive(self, rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        """Let the rules of a standard object fill in what follows from a row."""
        names = self.names()
        blank = {field.name: 0 for field in self.sobject.fields if field.type == "boolean"}
        for row in rows:
            values = {name: value for name, value in zip(names, row, strict=False) if value is not None}
            standard.before_save(self.store, self.sobject, values, {}, self.actor)
            yield [values.get(name, blank.get(name)) for name in names]

    def _named(self, cut: list[list[Any]]) -> list[list[Any]]:
        """Put persons' names together from their parts."""
        position = {field.name: index for index, field in enumerate(self._fields(), start=1)}
        named = self.sobject.name_field
        if named is not None and named.is_person_name and named.name in position:
            first, last = cut[position["FirstName"]], cut[position["LastName"]]
            cut[position[named.name]] = [f"{one} {two}" if one else two for one, two in zip(first, last, strict=True)]
        return cut

    # Stamps

    def _moments(self) -> list[str]:
        """Make a pool of moments for changes."""
        begin, seconds = self._begin(), int(_HISTORY.total_seconds())
        return [
            _text(begin + timedelta(seconds=self.dice.randrange(seconds))) for _ in range(min(_MOMENTS, self.count))
        ]

    def _begin(self) -> datetime:
        return stamps.from_text(self.actor.at) - _HISTORY

    def _creations(self) -> Iterator[str]:
        """Yield creation stamps in order, ties as bulk loads leave them."""
        begin, step = self._begin(), _HISTORY.total_seconds() / self.count
        made = 0
        while made < self.count:
            ties = self.dice.choice(_TIE_SIZES)
            yield from repeat(_text(begin + timedelta(seconds=int(made * step))), ties)
            made += ties

    def _stamps(self, created: list[str], later: list[str]) -> list[Sequence[Any]]:
        size = len(created)
        picked = self.dice.choices(later, k=size)
        modified = [one if one > two else two for one, two in zip(picked, created, strict=True)]
        # Every 16th record was touched by the system after its last change.
        moved = [max(one, later[place % len(later)]) if place % 16 == 0 else one for place, one in enumerate(modified)]
        found = {"CreatedDate": created, "LastModifiedDate": modified, "SystemModstamp": moved}
        return [found.get(name) or [self.actor.user_id] * size for name in self._stamp_names()]

    # Values

    def _column(self, field: Field) -> Iterator[Any]:
        """Give the endless values of a field."""
        dice = random.Random(f"{self.dice.random()} {field.name}")
        if field.auto_number:
            return self._numbers(field)
        if field.name in currencies.CODES:
            return self._currencies(dice)
        if field.unique:
            return _unique(field, self.store.next_number(f"generated {self.sobject.name}.{field.name}", self.count))
        if field.name == FIELD:
            return self._record_types(dice)
        if field.type == "reference":
            return self._parents(field, dice)
        if field.name_field and not field.is_person_name and field.type == "string":
            return _names(pools.pool(field, dice, rows=self.count), pools.words(dice, rows=self.count))
        return cycle(pools.pool(field, dice, rows=self.count))

    def _record_types(self, dice: random.Random) -> Iterator[str | None]:
        """Choose among the object's own record types."""
        entries = record_types.entries_of(self.store, self.sobject)
        usable = (entry for entry in entries if entry.active and entry.available and not entry.master)
        known = [
            found.record_type_id for found in usable if not persons.is_person_type(self.store, found.record_type_id)
        ]
        return cycle(_some(known, 0.0, self.count, dice))

    def _currencies(self, dice: random.Random) -> Iterator[str | None]:
        """Choose among the currencies of the org; where there is one only, records do not name it."""
        known = currencies.currencies_of(self.store)
        codes = sorted(known.active) if known is not None else []
        return cycle([dice.choice(codes) for _ in range(min(self.count, _MAX_PARENTS))] if codes else [None])

    def _numbers(self, field: Field) -> Iterator[str]:
        first = self.store.next_number(f"{self.sobject.name}.{field.name}", self.count)
        head, _, rest = (field.display_format or "{00000000}").partition("{")
        digits, _, tail = rest.partition("}")
        return (f"{head}{number:0{len(digits)}d}{tail}" for number in range(first, first + self.count))

    def _parents(self, field: Field, dice: random.Random) -> Iterator[str | None]:
        """Choose parents among the records there are; a required one that is missing is an error."""
        if field.name == "OwnerId" or field.reference_to == ("User",):
            return repeat(None if field.nillable else self.actor.user_id)
        found = [record_id for target in field.reference_to for record_id in self._existing(target)]
        if not found and self.sobject.name in field.reference_to:
            return self._own_parents(dice)
        if not found and not field.nillable:
            raise GenerateError(f'records of "{self.sobject.name}" need records of "{field.reference_to[0]}" first')
        return cycle(_some(found, 0.2 if field.nillable else 0, self.count, dice))

    def _own_parents(self, dice: random.Random) -> Iterator[str | None]:
        """Point one in ten records to one of the first ones, which have no parent themselves."""
        heads = list(self._ids(min(max(1, self.count // 10), _MAX_PARENTS)))
        return chain(repeat(None, len(heads)), cycle(_some(heads, 0.9, self.count, dice)))

    def _existing(self, target: str) -> list[str]:
        known = self.store.schema.get(target)
        if known is None:
            return []
        sql = f'SELECT {column_name("Id")} FROM {table_name(known)} WHERE _deleted = 0 ORDER BY "Id" LIMIT 200000'
        return [row[0] for row in self.store.reader.execute(sql)]


def _some(parents: Sequence[str], lonely: float, count: int, dice: random.Random) -> list[str | None]:
    """Choose parents for that many records, none for a share of them."""
    chosen = (
        dice.choice(parents) if parents and dice.random() >= lonely else None for _ in range(min(count, _MAX_PARENTS))
    )
    return list(chosen)


def _is_made(field: Field) -> bool:
    """Whether rows state the field: what clients may set, names of persons and numbers in series."""
    if not field.has_column or field.type in ("id", "base64") or field.calculated or _LEFT_OUT.search(field.name):
        return False
    return field.createable or field.auto_number or field.is_person_name


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _names(pool: Sequence[Any], words: Sequence[str]) -> Iterator[str]:
    """Make names that hardly repeat; nasty ones stay as they are."""
    for number, (name, word) in enumerate(zip(cycle(pool), cycle(words), strict=False)):
        yield name if number % 97 == 0 else f"{name} {word}"[:80].rstrip()


def _unique(field: Field, first: int) -> Iterator[str]:
    number = first
    while True:
        yield f"user{number}@example.com" if "name" in field.name.lower() else f"{field.name[:20]}-{number}"
        number += 1


def sequential_ids(prefix: str, instance: str, first: int, count: int) -> Iterator[str]:
    """Yield the ids of consecutive numbers, a few million a second: only the last two characters of a block differ."""
    block = len(ids.ALPHABET) ** 2
    tails = [(one + two, _bits(one) << 3 | _bits(two) << 4) for one in ids.ALPHABET for two in ids.ALPHABET]
    number, left = first, count
    while left > 0:
        begin = number % block
        sample = ids.compose(prefix, instance, number - begin)
        head, groups = sample[:13], sample[15:17]
        base = sum(_bits(sample[10 + place]) << place for place in range(3))
        taken = tails[begin : begin + left]
        for tail, bits in taken:
            yield f"{head}{tail}{groups}{ids.CHECKSUM_ALPHABET[base | bits]}"
        number, left = number + len(taken), left - len(taken)


def _bits(character: str) -> int:
    return 1 if "A" <= character <= "Z" else 0
