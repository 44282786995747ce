"""What system tables have in common: columns, arguments, and rows put into the order of the foreign table's columns."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from sffdw.calls import Purpose, purpose_of
from sffdw.connection import Connection
from sffdw.errors import ArgumentMissing, OptionError
from sffdw.options import object_name
from sffdw.planner import Qual
from sffdw.table import COLUMN_BYTES, Table
from sffdw.types import utc

if TYPE_CHECKING:
    from sffdw.client import Client

# A plan that would ask without the required arguments must lose against the one that takes them from a join.
FORBIDDING_ROWS = 10_000_000


@dataclass(frozen=True)
class SystemColumn:
    """A column; is_argument: its value is asked for by a condition; is_required: always."""

    name: str
    type_name: str
    is_argument: bool = False
    is_required: bool = False


def argument(name: str, *, is_required: bool = True) -> SystemColumn:
    return SystemColumn(name, "text", is_argument=True, is_required=is_required)


Row = Mapping[str, Any]
# Arguments of the engine that a table which asks Salesforce has with the import option system_columns.
SYSTEM_ARGUMENTS = (argument("_purpose", is_required=False), argument("_mapping", is_required=False))


class SystemTable(Table):
    """A subclass names its columns and gives, for one set of arguments, rows by column name."""

    columns: ClassVar[tuple[SystemColumn, ...]] = ()
    # Rows that one set of arguments is expected to give.
    expected_rows: ClassVar[int] = 100
    # What its calls are for unless `_purpose` says otherwise; None: it takes no such argument.
    purpose: ClassVar[str | None] = None
    call_cost = 20

    def __init__(self, connection: Connection, names: Sequence[str]) -> None:
        self.connection = connection
        self._names = tuple(names)

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        """The rows for these arguments; columns left out are NULL, arguments are added by the caller."""
        raise NotImplementedError

    @classmethod
    def system_columns(cls) -> tuple[SystemColumn, ...]:
        """The columns that the import option system_columns adds."""
        return SYSTEM_ARGUMENTS if cls.purpose else ()

    def rel_size(self, quals: Sequence[Qual], columns: Iterable[str]) -> tuple[int, int]:
        given = {qual.field_name for qual in quals if self._is_argument(qual)}
        is_askable = all(column.name in given for column in self.columns if column.is_required)
        return self.expected_rows if is_askable else FORBIDDING_ROWS, COLUMN_BYTES * max(len(list(columns)), 1)

    def path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        """Every set of arguments that holds the required ones, so that a LATERAL join may give them."""
        required = tuple(column.name for column in self.columns if column.is_required)
        optional = [column.name for column in self.columns if column.is_argument and not column.is_required]
        sets = [required] if required else []
        sets += [(*required, name) for name in optional]
        if len(optional) > 1:
            sets.append((*required, *optional))
        return [(names, self.expected_rows) for names in sets if set(names) <= set(self._names)]

    def explain(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[Any],
                limit: int | None) -> Iterator[str]:
        given = [f"{qual.field_name} = {qual.value}" for qual in quals if self._is_argument(qual)]
        if given:
            yield f"Pushed: {', '.join(given)}"

    def rows(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[Any], limit: int | None,
             offset: int | None) -> Iterator[Sequence[Any]]:
        for arguments in self._argument_sets(quals):
            for row in self.found(arguments):
                yield [arguments.get(name, row.get(name)) for name in self._names]

    def _is_argument(self, qual: Qual) -> bool:
        is_equality = qual.operator in ("=", ("=", True)) and qual.value is not None
        return is_equality and any(column.is_argument and column.name == qual.field_name
                                   for column in (*self.columns, *self.system_columns()))

    def _argument_sets(self, quals: Sequence[Qual]) -> Iterator[dict[str, str]]:
        """One set of arguments for each combination of values."""
        given: dict[str, list[str]] = {}
        for qual in quals:
            if self._is_argument(qual):
                values = qual.value if isinstance(qual.operator, tuple) else [qual.value]
                texts = list(dict.fromkeys(str(value) for value in values if value is not None))
                before = given.get(qual.field_name)
                given[qual.field_name] = texts if before is None else [text for text in before if text in texts]
        missing = [column.name for column in self.columns if column.is_required and column.name not in given]
        if missing:
            raise ArgumentMissing(f'table "{self.name}" needs a condition on column "{missing[0]}"',
                                  hint=f"Write WHERE {missing[0]} = '…', or join to it by {missing[0]}.")
        for values in product(*given.values()):
            yield dict(zip(given, values, strict=True))

    # --- reading arguments ---

    def charged(self, arguments: Mapping[str, str], object_name: str | None = None) -> "Client":
        """The client for calls of this table's purpose, or of the one that `_purpose` names."""
        name = object_name or arguments.get("object_name")
        purpose = purpose_of(arguments["_purpose"], name) if "_purpose" in arguments else \
            Purpose(self.purpose or "live", name)
        return self.connection.client.charged(purpose)

    def object_argument(self, arguments: Mapping[str, str]) -> str:
        """The argument object_name, checked to be a name."""
        try:
            return object_name("object_name", arguments["object_name"])
        except OptionError:
            raise self.wrong(arguments, "object_name", "It must be the API name of an object.") from None

    def time_argument(self, arguments: Mapping[str, str], name: str) -> dt.datetime:
        """An argument that is a time, in ISO 8601 or as PostgreSQL writes it; without a zone it is UTC."""
        try:
            return utc(dt.datetime.fromisoformat(arguments[name].strip()))
        except ValueError:
            raise self.wrong(arguments, name, "It must be a time such as 2026-01-31T12:00:00Z.") from None

    def wrong(self, arguments: Mapping[str, str], name: str, hint: str) -> ArgumentMissing:
        return ArgumentMissing(f'invalid value for column "{name}" of table "{self.name}": "{arguments[name][:100]}"',
                               hint=hint)
