"""Wrappers that the host's tests use: rows in memory, errors on demand, blocked reads.

They run inside the backend; the cluster's setting multicorn.python_path makes them importable. State is per backend.
"""

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from multicorn import (
    ColumnDefinition,
    ForeignDataWrapper,
    Qual,
    SortKey,
    TableDefinition,
    TransactionAwareForeignDataWrapper,
)
from multicorn.utils import (
    Interrupted,
    check_interrupts,
    database_oid,
    has_role,
    is_superuser,
    log_to_postgres,
    run_in_worker,
    split_rows,
)


class Failure(Exception):
    """An error as the feature `sqlstate` wants it."""

    def __init__(self, message: str, **attributes: str | None) -> None:
        super().__init__(message)
        for name, value in attributes.items():
            setattr(self, name, value)


# Rows of every Memory table in this backend, by table option `name`; calls in their order.
STORES: dict[str, list[dict[str, Any]]] = {}
CALLS: list[list[Any]] = []


def plain(value: Any) -> Any:
    """A value in the form of JSON, types included where JSON has none."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return f"{type(value).__name__}:{value}"


def note(*call: Any) -> None:
    CALLS.append([plain(part) for part in call])


class Calls(ForeignDataWrapper):
    """One row a call noted so far, as JSON; reading forgets them."""

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> list[tuple[str]]:
        seen = [(json.dumps(call),) for call in CALLS]
        CALLS.clear()
        return seen


class Memory(ForeignDataWrapper):
    """Rows in memory; options say what the wrapper claims to be able to do."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        super().__init__(fdw_options, fdw_columns)
        self.options = fdw_options
        self.columns = fdw_columns
        self.name = fdw_options.get("name", "")
        self.queue: list[tuple[str, Any]] = []
        note("init", self.name)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return STORES.setdefault(self.name, json.loads(self.options.get("rows", "[]")))

    def get_rel_size(self, quals: Sequence[Qual], columns: Sequence[str]) -> tuple[int, int]:
        note("get_rel_size", [self.qual(q) for q in quals], list(columns))
        return int(self.options.get("size", "1000")), 100

    def get_path_keys(self) -> list[tuple[tuple[str, ...], int]]:
        return [(tuple(key.split("+")), 1) for key in self.options.get("keys", "").split(",") if key]

    def can_sort(self, sortkeys: list[SortKey]) -> list[SortKey]:
        note("can_sort", [self.sortkey(key) for key in sortkeys])
        if self.options.get("sorts") == "the last":
            return sortkeys[-1:]
        able = self.options.get("sorts", "").split(",")
        count = next((i for i, key in enumerate(sortkeys) if key.attname not in able), len(sortkeys))
        return sortkeys[:count]

    def can_limit(self, limit: int, offset: int) -> bool:
        note("can_limit", limit, offset)
        return self.options.get("limits") == "true"

    def explain(self, quals: Sequence[Qual], columns: Sequence[str], **extra: Any) -> list[str]:
        shown = " and ".join(f"{q.field_name} {q.operator} {q.value}" for q in quals)
        return [f"Filter Sent: {shown or 'none'}", "a plain line", f"verbose={extra.pop('verbose')} {sorted(extra)}"]

    @staticmethod
    def qual(qual: Qual) -> list[Any]:
        return [qual.field_name, qual.operator, qual.value]

    @staticmethod
    def sortkey(key: SortKey) -> list[Any]:
        return [key.attname, key.attnum, key.is_reversed, key.nulls_first, key.collate]

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **extra: Any) -> Iterator[Any]:
        told = {name: [self.sortkey(k) for k in v] if name == "sortkeys" else v for name, v in extra.items()}
        note("execute", [self.qual(q) for q in quals], list(columns), told)
        return self.produce(quals, extra)

    def produce(self, quals: Sequence[Qual], extra: dict[str, Any]) -> Iterator[Any]:
        rows = list(self.rows)
        if self.options.get("filters") == "true":
            rows = [row for row in rows if all(self.matches(row, q) for q in quals)]
        for key in reversed(extra.get("sortkeys") or []):
            rows.sort(key=lambda row, key=key: row[key.attname], reverse=key.is_reversed)
        for row in rows[: extra.get("limit")]:
            yield row if self.options.get("shape") != "list" else [row.get(name) for name in self.columns]

    @staticmethod
    def matches(row: dict[str, Any], qual: Qual) -> bool:
        if qual.operator == "=":
            return bool(row.get(qual.field_name) == qual.value)
        if qual.operator == ("=", True):
            return row.get(qual.field_name) in qual.value
        return True

    def end_scan(self) -> None:
        note("end_scan")

    # Writing: changes are queued and applied when the statement ends, as a remote's batches would be

    @property
    def rowid_column(self) -> str:
        return self.options.get("rowid", "id")

    @property
    def modify_batch_size(self) -> int:
        return int(self.options.get("batch", "1"))

    def begin_modify(self) -> None:
        note("begin_modify", len(self.queue))
        self.queue.clear()

    def stored(self, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "note": "stored"} if "note" in self.columns else values

    def insert(self, values: dict[str, Any]) -> dict[str, Any]:
        note("insert", values)
        self.fail_at("insert", values)
        self.queue.append(("insert", self.stored(values)))
        return self.stored(values)

    def bulk_insert(self, all_values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        note("bulk_insert", len(all_values), [values.get("id") for values in all_values])
        for values in all_values:
            self.fail_at("insert", values)
        self.queue.extend(("insert", self.stored(values)) for values in all_values)
        return [self.stored(values) for values in all_values]

    def update(self, oldvalues: Any, newvalues: dict[str, Any]) -> dict[str, Any]:
        note("update", oldvalues, newvalues)
        self.queue.append(("update", (oldvalues, self.stored(newvalues))))
        return self.stored(newvalues)

    def delete(self, oldvalues: Any) -> None:
        note("delete", oldvalues)
        self.queue.append(("delete", oldvalues))

    def fail_at(self, what: str, values: dict[str, Any]) -> None:
        if values.get("note") == f"fail {what}":
            raise Failure("the remote refuses the row", sqlstate="SF010", detail="REQUIRED_FIELD_MISSING",
                          hint="Fill it.")

    def end_modify(self) -> None:
        note("end_modify", len(self.queue))
        queue, self.queue = self.queue, []
        if any(what == "insert" and values.get("name") == "fail end" for what, values in queue):
            raise Failure("the batch was refused", sqlstate="SF010", detail="row 1: DUPLICATE_VALUE")
        for what, change in queue:
            getattr(self, f"apply_{what}")(change)

    def apply_insert(self, values: dict[str, Any]) -> None:
        self.rows.append(values)

    def apply_update(self, change: tuple[Any, dict[str, Any]]) -> None:
        old, values = change
        for row in self.rows:
            if row[self.rowid_column] == old:
                row.update(values)

    def apply_delete(self, old: Any) -> None:
        self.rows[:] = [row for row in self.rows if row[self.rowid_column] != old]

    def begin(self, serializable: bool) -> None:
        note("begin", serializable)

    def pre_commit(self) -> None:
        note("pre_commit")
        if self.options.get("fail") == "pre_commit":
            raise Failure("the remote refuses the commit", sqlstate="40001")

    def commit(self) -> None:
        note("commit")

    def rollback(self) -> None:
        note("rollback")
        if self.options.get("fail") == "rollback":
            raise ValueError("rollback went wrong")

    def sub_begin(self, level: int) -> None:
        note("sub_begin", level)

    def sub_commit(self, level: int) -> None:
        note("sub_commit", level)

    def sub_rollback(self, level: int) -> None:
        note("sub_rollback", level)


class Queued(TransactionAwareForeignDataWrapper):
    """Changes of a transaction, seen at pre_commit."""

    @property
    def rowid_column(self) -> str:
        return "id"

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> list[dict[str, Any]]:
        return [{"id": i} for i in range(3)]

    def pre_commit(self) -> None:
        note("pre_commit", self.current_transaction_state)


class Echo(ForeignDataWrapper):
    """Gives back what a statement inserted, as Python types and as values."""

    kept: list[dict[str, Any]] = []

    def insert(self, values: dict[str, Any]) -> None:
        Echo.kept.append(values)

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[dict[str, Any]]:
        kept, Echo.kept = Echo.kept, []
        note("echo", *({name: [type(v).__name__, repr(v)] for name, v in row.items()} for row in kept))
        return iter(kept)


class Literal(ForeignDataWrapper):
    """Gives the rows that a Python expression in the table option `code` says."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.code = fdw_options["code"]
        self.options = fdw_options

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Any:
        import datetime
        import decimal
        import uuid

        names = {"datetime": datetime, "Decimal": decimal.Decimal, "uuid": uuid, "quals": quals, "columns": columns}
        names["options"] = self.options
        names |= {"is_superuser": is_superuser, "has_role": has_role, "log_to_postgres": log_to_postgres, "os": os}
        names["database_oid"] = database_oid
        names["split_rows"] = split_rows
        return eval(self.code, names)


class Series(ForeignDataWrapper):
    """Many rows, made one by one."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.count = int(fdw_options["count"])

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[list[Any]]:
        return ([i, f"row {i} äöü", i / 7] for i in range(self.count))


class Spin(ForeignDataWrapper):
    """A loop in Python that asks for interrupts."""

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[list[Any]]:
        while True:
            check_interrupts()


class Busy(ForeignDataWrapper):
    """A loop in Python that asks for nothing; it swallows the first interrupt if it is told to."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.swallows = fdw_options.get("way") == "swallow"

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> list[list[Any]]:
        log_to_postgres("busy from now on", level=30)
        try:
            self.loop()
        except Interrupted:
            if not self.swallows:
                raise
        return []

    def loop(self) -> None:
        while True:
            pass


class Blocked(ForeignDataWrapper):
    """Reads from a socket that never answers; option `way` says how badly it behaves."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.way = fdw_options.get("way", "")

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[list[Any]]:
        here, there = socket.socketpair()
        try:
            yield [str(self.read(here))]
        except Interrupted:
            if self.way == "swallow":
                yield ["swallowed"]
                return
            raise
        finally:
            here.close()
            there.close()

    def read(self, here: socket.socket) -> bytes:
        if self.way == "deaf":
            stop = threading.Event()
            return run_in_worker(lambda: b"%d" % stop.wait(30), on_cancel=lambda: None)
        if self.way == "noisy":
            return run_in_worker(lambda: log_to_postgres("too late") or here.recv(1),
                                 on_cancel=lambda: here.shutdown(socket.SHUT_RDWR))
        if self.way == "clumsy":
            return run_in_worker(lambda: here.recv(1), on_cancel=lambda: self.shut_badly(here))
        return run_in_worker(lambda: here.recv(1), on_cancel=lambda: here.shutdown(socket.SHUT_RDWR))

    @staticmethod
    def shut_badly(here: socket.socket) -> None:
        here.shutdown(socket.SHUT_RDWR)
        raise ValueError("cancelling went wrong too")


class Worker(ForeignDataWrapper):
    """What a worker thread gives back."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.way = fdw_options.get("way", "")

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[list[Any]]:
        result = run_in_worker(getattr(self, f"do_{self.way}"), on_cancel=lambda: None)
        yield [str(result)]
        yield [str(threading.active_count())]

    @staticmethod
    def do_fail() -> None:
        raise Failure("the worker failed", sqlstate="SF005", hint="Try again.")

    @staticmethod
    def do_log() -> str:
        log_to_postgres("from the worker", level=30)
        return "done"

    @staticmethod
    def do_ask() -> bool:
        return is_superuser()

    @staticmethod
    def do_signals() -> str:
        status = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
        return dict(line.split(":\t", 1) for line in status.splitlines())["SigBlk"]


class Broken(ForeignDataWrapper):
    """Fails in the way that the table option `way` names."""

    def __init__(self, fdw_options: dict[str, str], fdw_columns: dict[str, ColumnDefinition]) -> None:
        self.way = fdw_options["way"]
        self.secret = fdw_options.get("secret")
        if self.way == "init":
            raise Failure("no instance", sqlstate="HV00N")

    def get_rel_size(self, quals: Sequence[Qual], columns: Sequence[str]) -> Any:
        if self.way == "rel_size":
            return "many"
        if self.way == "odd_numbers":
            return float("nan"), float("-inf")
        if self.way == "plan":
            raise Failure("no plan", sqlstate="HV001")
        return 10, 10

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Any:
        return getattr(self, f"do_{self.way}")()

    def do_key(self) -> None:
        {}["Nämé"]

    def do_state(self) -> None:
        raise Failure("it broke", sqlstate="SF005", detail="The détail.", hint="The hint.", context="in the toy")

    def do_badstate(self) -> None:
        raise Failure("it broke", sqlstate="00000")

    def do_lines(self) -> None:
        raise ValueError("first line\nsecond line")

    def do_log(self) -> None:
        log_to_postgres("just say no", level=40, hint="The hint.", detail="The detail.")

    def do_warn(self) -> list[Any]:
        log_to_postgres("be warned", level=30, hint="The hint.", detail="The detail.")
        return []

    def do_memory(self) -> None:
        raise MemoryError("no room")

    def do_surrogate(self) -> list[list[str]]:
        return [["\ud800"]]

    def do_nul(self) -> list[list[str]]:
        return [["a\0b"]]

    def do_surrogate_error(self) -> None:
        raise Failure("odd \ud800 text \0 here", sqlstate="SF005")

    def do_keyboard(self) -> None:
        raise KeyboardInterrupt

    def do_exit(self) -> None:
        raise SystemExit(3)

    def do_recursion(self) -> None:
        self.do_recursion()

    def do_short(self) -> list[list[str]]:
        return [[]]

    def do_text_row(self) -> list[str]:
        return ["row"]

    def do_number_row(self) -> list[int]:
        return [1]

    def do_no_iterable(self) -> int:
        return 1

    def do_odd_numbers(self) -> list[list[str]]:
        return [["1"]]

    def do_finally(self) -> Iterator[list[str]]:
        try:
            yield ["1"]
        finally:
            log_to_postgres("\ud800", level=30)

    def do_late(self) -> Iterator[list[str]]:
        yield ["first"]
        raise Failure("failed at the second row", sqlstate="SF006")

    def do_str(self) -> None:
        class Unprintable(Exception):
            def __str__(self) -> str:
                raise ValueError("no text")

        raise Unprintable


class Importer(ForeignDataWrapper):
    """Offers tables a, b and one with awkward names."""

    @classmethod
    def validate_options(cls, options: dict[str, str], context: str) -> None:
        known = {"server": {"wrapper", "url"}, "user_mapping": {"user", "password"}, "table": {"object"},
                 "column": {"field"}}
        for name in options:
            if name not in known[context]:
                raise Failure(f'invalid option "{name}"', sqlstate="HV00D",
                              hint=f"Valid options in this context are: {', '.join(sorted(known[context]))}.")
        if options.get("password") == "superuser only" and not is_superuser():
            raise Failure("only superusers may", sqlstate="42501")

    @classmethod
    def import_schema(cls, schema: str, srv_options: dict[str, str], options: dict[str, str],
                      restriction_type: str | None, restricts: list[str]) -> list[TableDefinition]:
        note("import_schema", schema, srv_options, options, restriction_type, restricts)
        if schema == "missing":
            raise Failure('schema "missing" does not exist', sqlstate="HV00Q")
        columns = [ColumnDefinition("id", type_name="text", options={"field": "Id"}),
                   ColumnDefinition('o"dd', type_name="numeric(18,2)", options={"field": "it's a \\ field"})]
        return [TableDefinition(name, columns=columns, options={"object": name}) for name in ("a", "b", 'Tä"ble')]

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> list[Any]:
        return []


class NotAWrapper:
    """Importable, but no wrapper."""


class Discard(ForeignDataWrapper):
    """Takes rows and forgets them."""

    @property
    def modify_batch_size(self) -> int:
        return 200

    def bulk_insert(self, all_values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return all_values


class Counted(ForeignDataWrapper):
    """Rows that say how many scans of this class are alive."""

    alive = 0

    def execute(self, quals: Sequence[Qual], columns: Sequence[str], **_: Any) -> Iterator[list[int]]:
        Counted.alive += 1
        try:
            for i in range(100):
                yield [i, Counted.alive]
        finally:
            Counted.alive -= 1
            note("closed")
