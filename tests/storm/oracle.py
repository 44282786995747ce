"""Compares both sides in the end, knowing nothing of how the product works.

The org is read by its control plane, the tables by SELECT.
"""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from tools.sandbox import Sandbox


@dataclass(frozen=True)
class Difference:
    """A record that is not the same on both sides."""

    name: str
    record_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.record_id}: {self.what}"


class Asked(Protocol):
    """A database that answers."""

    def ask(self, query: str, /) -> list[tuple[Any, ...]]: ...


class Compared(Protocol):
    """A mapped object and which of its fields are compared."""

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> str: ...

    @property
    def compared(self) -> tuple[str, ...]: ...

    @property
    def excused(self) -> str:
        """The condition of rows that need not be in the org."""

    def is_mapped(self, record: Mapping[str, Any]) -> bool: ...


def compare(sandbox: Sandbox, database: Asked, kinds: Sequence[Compared]) -> list[Difference]:
    return [difference for kind in kinds for difference in compare_kind(kind, sandbox, database)]


def compare_kind(kind: Compared, sandbox: Sandbox, database: Asked) -> list[Difference]:
    columns = kind.compared
    rows = database.ask(f"SELECT sfid, {', '.join(columns)} FROM {kind.table} "
                        f"WHERE NOT ({kind.excused}) ORDER BY sfid COLLATE \"C\"")
    here = {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}
    there = {record["Id"]: record for record in sandbox.records(kind.name) if kind.is_mapped(record)}
    found = [Difference(kind.name, one, "is twice in the table") for one in sorted(twice([row[0] for row in rows]))]
    found += [Difference(kind.name, one, "is missing in the table") for one in sorted(there.keys() - here.keys())]
    found += [Difference(kind.name, str(one), "is in the table and not in the org")
              for one in sorted(str(key) for key in here.keys() - there.keys())]
    for record_id in sorted(here.keys() & there.keys()):
        wrong = [f"{name} is {here[record_id][name]!r}, not {there[record_id][name]!r}" for name in columns
                 if not is_same(name, here[record_id][name], there[record_id][name])]
        if wrong:
            found.append(Difference(kind.name, record_id, "; ".join(wrong)))
    return found


def twice(ids: list[Any]) -> set[str]:
    return {one for one, other in itertools.pairwise(ids) if one == other}


def is_same(name: str, local: Any, stored: Any) -> bool:
    """Whether a column holds what the org has stored; a stamp may be of the last change that a mapped field saw."""
    if name == "SystemModstamp":
        return local is not None and utc(local) <= utc(dt.datetime.fromisoformat(stored))
    if isinstance(local, dt.datetime):
        return stored is not None and utc(local) == utc(dt.datetime.fromisoformat(stored))
    if isinstance(local, dt.date):
        return bool(local.isoformat() == stored)
    if isinstance(local, (float, Decimal)):
        return stored is not None and float(local) == float(stored)
    return bool((local or None) == (stored or None))


def utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
