"""`_intents`: what synchronous writes have sent and whether it was answered; DELETE forgets those that are settled.

Rows are of one origin and of this session's own Salesforce user. Reading them asks Salesforce nothing, but who we are
where no session knows it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sffdw.intents import Intent, Intents
from sffdw.planner import Qual
from sffdw.system.table import Row, SystemColumn, SystemTable, argument
from sffdw.types import json_text


class IntentsTable(SystemTable):
    name = "_intents"
    columns = (
        argument("origin"), argument("intent_id", is_required=False), SystemColumn("batch_id", "uuid"),
        SystemColumn("transaction_id", "text"), SystemColumn("mapping_id", "integer"),
        SystemColumn("object_name", "text"), SystemColumn("operation", "text"),
        SystemColumn("external_id_field", "text"), SystemColumn("sent_at", "timestamp with time zone"),
        SystemColumn("answered", "boolean"), SystemColumn("changes", "jsonb"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._settled: list[tuple[int, str]] = []
        self._has_changes = True

    def rows(self, quals: Sequence[Qual], columns: Iterable[str], sortkeys: Sequence[Any], limit: int | None,
             offset: int | None) -> Iterator[Sequence[Any]]:
        # Most intents are only looked at: what they hold may be two hundred records each.
        self._has_changes = "changes" in set(columns)
        return super().rows(quals, columns, sortkeys, limit, offset)

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        intents = Intents(self.connection.spool)
        if not intents.names():
            return
        session = self.connection.client.transport.identify()
        for intent in intents.of(arguments["origin"], session.org_id, session.user_id, arguments.get("intent_id")):
            changes = json_text(list(intent.changes)) if self._has_changes else None
            yield {**_row(intent), "changes": changes}

    def rowid(self) -> str:
        return "intent_id"

    def begin(self) -> None:
        self._settled = []

    def undo(self, level: int) -> None:
        self._settled = [settled for settled in self._settled if settled[0] < level]

    def delete(self, rowid: Any) -> None:
        self._settled.append((self.level, str(rowid)))

    def end(self) -> None:
        intent_ids, self._settled = [intent_id for _, intent_id in self._settled], []
        if intent_ids:
            Intents(self.connection.spool).forget(intent_ids)


def _row(intent: Intent) -> Row:
    return {"intent_id": intent.intent_id, "batch_id": intent.batch_id, "transaction_id": intent.transaction_id,
            "mapping_id": intent.mapping_id, "object_name": intent.object_name, "operation": intent.operation,
            "external_id_field": intent.external_id_field, "sent_at": intent.sent_at, "answered": intent.is_answered}


TABLE = IntentsTable
