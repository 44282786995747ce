"""A Salesforce object as a foreign table: scans by SOQL, changes by sObject Collections."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice, takewhile
from typing import Any, Protocol

from sffdw import extract, planner, types
from sffdw.calls import Purpose, purpose_of
from sffdw.connection import Connection
from sffdw.describe import Described, Field, describe
from sffdw.errors import ArgumentMissing, BulkUnsupported, FieldUnknown, ReadOnlyColumn, ValueRefused
from sffdw.options import TableOptions, field_path
from sffdw.planner import Column, Keyset, Plan, Qual, SortKey
from sffdw.scan import TooMany, read, rows_of
from sffdw.table import COLUMN_BYTES, Table
from sffdw.writer import Queue

ROWID = "id"
# Arguments of the engine, echoed back because PostgreSQL checks them again; text, by `=`.
SYSTEM_COLUMNS = ("_scope", "_purpose", "_mapping", "_job_id", "_locator", "_next_locator", "_after", "_page_size",
                  "_filter")
SCOPES = ("active", "all")
UNKNOWN_ROW_COUNT = 10_000
ROWS_OF_A_LOOKUP = 20


class Definition(Protocol):
    """A column as the host describes it."""

    @property
    def options(self) -> Mapping[str, str] | None: ...


class ObjectTable(Table):
    """One foreign table in one backend. Nothing is asked of Salesforce before it is needed."""

    def __init__(self, connection: Connection, options: TableOptions, columns: Mapping[str, Definition], *,
                 gives_assigned_only: bool) -> None:
        self._connection = connection
        self._options = options
        self._definitions = columns
        self._gives_assigned_only = gives_assigned_only
        self._queue = Queue(connection, options.object, options.all_or_none, options.batch_size)
        self._has_warned = False
        self.name = options.object
        self.batch_size = options.batch_size

    @property
    def _described(self) -> Described:
        return describe(self._connection, self._options.object)

    @cached_property
    def _fields(self) -> dict[str, str]:
        """Column name to field path, of the columns that stand for a field."""
        named = {name: (definition.options or {}).get("field") for name, definition in self._definitions.items()}
        return {name: field_path("field", field or name) for name, field in named.items()
                if field or name not in SYSTEM_COLUMNS}

    def _column(self, name: str) -> Column | None:
        """What is known of a column's field; None for a system column and for a field that Salesforce does not know."""
        path = self._fields.get(name)
        if path is None:
            return None
        if "." in path:
            return Column(name, path, "anyType", is_filterable=False, is_sortable=False)
        field = self._described.fields.get(path.lower())
        return field.column(name) if field else None

    def _columns(self, names: Iterable[str]) -> dict[str, Column]:
        """The columns to read. Raises FieldUnknown for one whose field is gone."""
        found = {}
        for name in names:
            column = self._column(name) or self._new_column(name)
            if column:
                found[name] = column
            elif name in self._fields:
                raise FieldUnknown(f'object "{self.name}" has no field "{self._fields[name]}" in Salesforce',
                                   context=f'column "{name}"')
        return found

    def _new_column(self, name: str) -> Column | None:
        """The column of a field that Salesforce may have got since this backend asked for the describe."""
        if name not in self._fields:
            return None
        describe(self._connection, self._options.object, max_age_s=0)
        return self._column(name)

    def _ordered(self, names: Iterable[str]) -> list[str]:
        wanted = set(names)
        return [name for name in self._definitions if name in wanted]

    # --- planning ---

    def rel_size(self, quals: Sequence[Qual], columns: Iterable[str]) -> tuple[int, int]:
        rows = float(self._connection.row_counts.get(self.name.lower(), UNKNOWN_ROW_COUNT))
        for qual in quals:
            if qual.field_name == "_page_size" and str(qual.value).isdecimal():
                rows = min(rows, float(qual.value))
            elif qual.operator == "=" and qual.field_name not in SYSTEM_COLUMNS:
                rows = 1 if qual.field_name == ROWID else rows / 50
            elif isinstance(qual.operator, tuple) and isinstance(qual.value, list):
                rows = min(rows, len(qual.value) * (1 if qual.field_name == ROWID else ROWS_OF_A_LOOKUP))
            elif qual.field_name not in SYSTEM_COLUMNS:
                rows /= 3
        return max(int(rows), 1), COLUMN_BYTES * max(len(list(columns)), 1)

    def path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        found: list[tuple[tuple[str, ...], int]] = []
        for name, path in self._fields.items():
            field = self._described.fields.get(path.lower())
            if field is None or not field.has("filterable"):
                continue
            if field.sf_type == "id" or field.has("externalId") or field.has("unique"):
                found.append(((name,), 1))
            elif field.sf_type == "reference":
                found.append(((name,), ROWS_OF_A_LOOKUP))
        arguments = [name for name in self._definitions if name in SYSTEM_COLUMNS and name not in self._fields]
        return found + [((name,), 1000) for name in arguments if name in ("_after", "_locator")]

    def sorted_count(self, sortkeys: Sequence[SortKey]) -> int:
        return len(list(takewhile(lambda key: planner.can_sort(self._column(key.attname), key), sortkeys)))

    def can_limit(self, limit: int | None, offset: int | None) -> bool:
        return True

    def explain(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey],
                limit: int | None) -> Iterator[str]:
        plan, _ = self._plan(quals, columns, sortkeys, limit)
        yield f"SOQL: {'no statement, because no record can match' if plan.is_empty else next(plan.statements())}"
        yield f"Transport: {self._transport(plan, quals, columns, sortkeys, limit)}"
        for label, terms in (("Pushed", plan.pushed), ("Superset", plan.superset), ("Local", plan.local)):
            if terms:
                yield f"{label}: {', '.join(terms)}"

    def _plan(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey],
              limit: int | None) -> tuple[Plan, dict[str, str]]:
        """The plan, and the arguments by system column."""
        arguments, own = self._arguments(quals)
        known = {qual.field_name: column for qual in own if (column := self._column(qual.field_name))}
        known |= {key.attname: column for key in sortkeys if (column := self._column(key.attname))}
        needed = self._columns(self._ordered(columns))
        scope = arguments.get("_scope", "active")
        if scope not in SCOPES:
            raise ArgumentMissing(f'invalid value for "_scope": "{scope}"', hint="Valid values are: active, all.")
        keyset = planner.keyset_of(arguments["_after"]) if "_after" in arguments else None
        record_id = self._described.fields.get("id")
        is_whole = not (own or sortkeys or limit is not None or {"_page_size", "_filter"} & arguments.keys())
        if keyset is None and is_whole and record_id and record_id.has("sortable") and record_id.has("filterable"):
            # In the order of Id a long scan can go on behind the last record when its cursor dies.
            keyset = Keyset(None, "")
        plan = planner.plan_scan(
            self._described.name, known | needed, needed=needed, quals=own, sortkeys=sortkeys, limit=limit,
            has_deleted=scope == "all", keyset=keyset,
            page_size=extract.row_limit("_page_size", arguments.get("_page_size")),
            soql_filter=arguments.get("_filter"))
        return plan, arguments

    def _arguments(self, quals: Sequence[Qual]) -> tuple[dict[str, str], list[Qual]]:
        """Divide quals into arguments and conditions on fields."""
        arguments: dict[str, str] = {}
        own = []
        for qual in quals:
            if qual.field_name in self._fields:
                own.append(qual)
            elif qual.operator == "=" and qual.value is not None:
                arguments[qual.field_name] = str(qual.value)
        return arguments, own

    # --- reading ---

    def rows(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey], limit: int | None,
             offset: int | None) -> Iterator[Sequence[Any]]:
        wanted = self._ordered(columns)
        until = None if limit is None else limit + (offset or 0)
        plan, arguments = self._plan(quals, wanted, sortkeys, until)
        self._warn_of_short_ids(quals)
        if "_job_id" in arguments:
            return extract.page_of_job(self._connection, self._purpose(arguments), arguments, self._places(wanted),
                                       sortkeys)
        if plan.is_empty:
            return iter(())
        if self._may_extract(plan, wanted, sortkeys, limit, arguments):
            return self._rows_of_any_size(plan, quals, wanted, arguments)
        order = [(self._columns([key.attname])[key.attname].field, key) for key in sortkeys]
        rows = self._shaped(read(self._connection, self._purpose(arguments), plan, order), wanted, arguments)
        if plan.is_exact():
            return islice(rows, offset or 0, until)
        return rows

    def _purpose(self, arguments: Mapping[str, str]) -> Purpose:
        return purpose_of(arguments.get("_purpose", "live"), self._described.name)

    # --- reading through Bulk ---

    def _may_extract(self, plan: Plan, columns: Iterable[str], sortkeys: Sequence[SortKey], limit: int | None,
                     arguments: Mapping[str, str]) -> bool:
        """Bulk can answer the query, and loses nothing that REST would give: neither an order nor an early end."""
        is_ordinary = not arguments.keys() & {"_purpose", "_after", "_page_size"}
        return (self._connection.settings.transport != "rest" and is_ordinary and not sortkeys and limit is None
                and not (plan.is_empty or plan.is_divided())
                and extract.is_supported(self._columns(self._ordered(columns)).values()))

    def _is_large(self, quals: Sequence[Qual], columns: Iterable[str]) -> bool:
        settings = self._connection.settings
        is_known = self.name.lower() in self._connection.row_counts
        return settings.transport == "bulk" or (
            is_known and self.rel_size(quals, columns)[0] > settings.large_query_threshold)

    def _transport(self, plan: Plan, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[SortKey],
                   limit: int | None) -> str:
        """What EXPLAIN says; of an object whose size is not known Salesforce's count is asked."""
        arguments, own = self._arguments(quals)
        if "_job_id" in arguments:
            return "Bulk"
        if not self._may_extract(plan, columns, sortkeys, limit, arguments):
            return "REST"
        if not own and self.name.lower() not in self._connection.row_counts:
            for name, count in self._connection.client.charged(self._purpose({})).record_counts([self.name]).items():
                self._connection.row_counts[name.lower()] = count
        return "Bulk" if self._is_large(quals, columns) else "REST"

    def _rows_of_any_size(self, plan: Plan, quals: Sequence[Qual], wanted: Sequence[str],
                          arguments: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        """Rows by Bulk where many are expected, or where the first page of REST says that they are many."""
        at_most: int | None = self._connection.settings.large_query_threshold
        if self._is_large(quals, wanted):
            try:
                yield from self._extracted(plan, wanted, arguments)
                return
            except BulkUnsupported:
                at_most = None
        try:
            found = read(self._connection, self._purpose(arguments), plan, (), at_most)
            yield from self._shaped(found, wanted, arguments)
        except TooMany:
            yield from self._extracted(plan, wanted, arguments)

    def _extracted(self, plan: Plan, wanted: Sequence[str], arguments: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        statement = replace(plan.select, order_by=()).text()
        purpose = self._purpose(arguments)
        for page in extract.pages_of(self._connection, purpose, statement, has_deleted=plan.has_deleted):
            yield from extract.shaped(page, self._places(wanted), arguments)

    def _places(self, wanted: Sequence[str]) -> dict[str, Column | None]:
        """Each of the table's columns with its field, those that are wanted."""
        columns = self._columns(wanted)
        return {name: columns.get(name) for name in self._definitions}

    def _shaped(self, records: Iterable[dict[str, Any]], wanted: Sequence[str],
                arguments: Mapping[str, str]) -> Iterator[list[Any]]:
        """Records as rows of all columns; columns that nobody asked for are None."""
        columns = self._columns(wanted)
        # No field is called "" or begins with a blank.
        constants: dict[str, Any] = {"": None} | {f" {name}": arguments.get(name) for name in SYSTEM_COLUMNS}
        keys, converters = [], []
        for place, name in enumerate(self._definitions):
            column = columns.get(name)
            if column is None:
                keys.append(f" {name}" if name in wanted and name in SYSTEM_COLUMNS else "")
                continue
            keys.append(column.field)
            convert = types.incoming(column.sf_type)
            if convert:
                converters.append((place, convert))
        return rows_of(records, keys, constants, converters)

    def _warn_of_short_ids(self, quals: Sequence[Qual]) -> None:
        for qual in quals:
            column = self._column(qual.field_name)
            if column and column.sf_type in types.IDS and not self._has_warned and _is_short_id(qual.value):
                self._has_warned = True
                self._connection.host.warn(
                    f'a 15-character id in a condition on column "{qual.field_name}" matches nothing',
                    f"Ids have 18 characters here: use '{types.long_id(qual.value)}'.")

    # --- writing ---

    def rowid(self) -> str:
        return next((name for name, path in self._fields.items() if path.lower() == "id"), ROWID)

    def begin(self) -> None:
        self._queue.undo(0)

    def undo(self, level: int) -> None:
        self._queue.undo(level)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        self._queue.flush()
        records = [self._record(row, "createable", is_strict=True) for row in rows]
        results = []
        for start in range(0, len(records), self.batch_size):
            for record in records[start:start + self.batch_size]:
                self._queue.add("insert", record, self.level)
            results += self._queue.flush()
        return [{**row, self.rowid(): result.get("id")} for row, result in zip(rows, results, strict=True)]

    def update(self, rowid: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        # Some hosts give all columns, and ours does where a trigger may change any: then what differs is sent.
        is_strict = self._gives_assigned_only and len(values) < len(self._definitions)
        assigned = {name: value for name, value in values.items() if name != self.rowid() or value != rowid}
        record = self._record(assigned, "updateable", is_strict=is_strict)
        if record:
            operation = "update" if is_strict else "update what differs"
            self._queue.add(operation, {"Id": types.long_id(str(rowid))} | record, self.level)
        return values

    def delete(self, rowid: Any) -> None:
        self._queue.add("delete", {"Id": types.long_id(str(rowid))}, self.level)

    def end(self) -> None:
        self._queue.flush()
        self._queue.undo(0)

    def _record(self, row: Mapping[str, Any], flag: str, *, is_strict: bool) -> dict[str, Any]:
        """A row as JSON by API names, without an insert's NULLs. is_strict: refuse columns that cannot be written."""
        record = {}
        for name, value in row.items():
            if flag == "createable" and value is None:
                continue
            field = self._writable(name, flag, is_strict=is_strict)
            if field:
                try:
                    record[field.name] = types.outgoing(value, field.sf_type)
                except types.Unfit as exc:
                    raise ValueRefused(f'invalid value for column "{name}": {exc}',
                                       detail=f"The field {field.name} has the type {field.sf_type}.") from None
        return record

    def _writable(self, name: str, flag: str, *, is_strict: bool) -> Field | None:
        path = self._fields.get(name)
        field = self._described.fields.get(path.lower()) if path else None
        if field and field.has(flag):
            return field
        if not is_strict:
            return None
        if path and field is None and "." not in path:
            raise FieldUnknown(f'object "{self.name}" has no field "{path}" in Salesforce', context=f'column "{name}"')
        verb = "given a value by INSERT" if flag == "createable" else "changed"
        raise ReadOnlyColumn(f'column "{name}" of table for object "{self.name}" cannot be {verb}',
                             detail=f"Salesforce's describe says that the field is not {flag}." if field else None)


def _is_short_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 15 and types.is_id(value)
