"""Intents: what a synchronous write is about to send, on disk before the call, and what Salesforce answered.

The transaction that sends may still be rolled back, or its backend killed; then nothing in the database tells of the
write, and the intent's file does. Files lie in the spool directory, which survives a crash and is left out of base
backups. Only sessions of the same Salesforce user see an intent. It holds records, never a secret.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from sffdw.errors import IntentUnwritable, ValueRefused
from sffdw.spool import Spool
from sffdw.types import json_text, parse_json

PREFIX, SUFFIX = "intent-", ".json"


@dataclass(frozen=True)
class Intent:
    """One all-or-none request of a synchronous write.

    origin: whose it is, in the engine's words. transaction_id: PostgreSQL's full transaction id, as text. changes: for
    each record position, local_id, record (what is sent) and old (its values before); once is_answered, record_id and
    created too.
    """

    intent_id: str
    batch_id: str
    origin: str
    org_id: str
    user_id: str
    transaction_id: str
    mapping_id: int
    object_name: str
    operation: str
    external_id_field: str | None
    sent_at: str
    changes: tuple[dict[str, Any], ...]
    is_answered: bool = False

    def answered(self, results: Iterable[dict[str, Any]]) -> "Intent":
        """The same with Salesforce's results, in the order of its changes."""
        told = [{"record_id": result.get("id"), "created": result.get("created", self.operation == "insert")}
                for result in results]
        return replace(self, is_answered=True,
                       changes=tuple(change | found for change, found in zip(self.changes, told, strict=True)))


class Intents:
    """The intents of all backends, one file each, on the disk when a call returns."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def keep(self, intent: Intent) -> None:
        """Write an intent, in place of what there is of it. Raises IntentUnwritable."""
        try:
            self._spool.write(_name(intent.intent_id), json_text(asdict(intent)).encode(), is_durable=True)
        except OSError as exc:
            raise IntentUnwritable("could not write the intent of a synchronous write", detail=exc.strerror) from exc

    def of(self, origin: str, org_id: str, user_id: str, intent_id: str | None = None) -> Iterator[Intent]:
        """Those of one origin and Salesforce user, or the one of that id among them."""
        for name in self.names() if intent_id is None else [_name(intent_id)]:
            intent = _read(self._spool.read(name))
            if intent and (intent.origin, intent.org_id, intent.user_id) == (origin, org_id, user_id):
                yield intent

    def names(self) -> list[str]:
        return sorted(self._spool.names(PREFIX, SUFFIX))

    def forget(self, intent_ids: Iterable[str]) -> None:
        """Remove intents; a crash does not bring them back."""
        for intent_id in intent_ids:
            self._spool.remove(_name(intent_id))
        self._spool.flush_names()


def _name(intent_id: str) -> str:
    try:
        return f"{PREFIX}{uuid.UUID(intent_id)}{SUFFIX}"
    except ValueError:
        raise ValueRefused('invalid value for column "intent_id"', hint="It must be a UUID.") from None


def _read(content: bytes | None) -> Intent | None:
    """None where another backend has just removed the file."""
    if content is None:
        return None
    found = parse_json(content)
    return Intent(**found | {"changes": tuple(found["changes"])})
