"""What Salesforce says of its objects and fields, remembered by the backend and shared through the spool directory.

A describe is confirmed by a conditional request once it is older than MAX_AGE_S. Objects are found whatever the case.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from sffdw import types
from sffdw.calls import Purpose
from sffdw.connection import Connection, Known
from sffdw.errors import FieldUnknown, ObjectUnknown
from sffdw.options import object_name
from sffdw.planner import Column
from sffdw.types import json_text, parse_json

# Polls confirm the describes of mapped objects every ten minutes, 25 a call: before a query would do it one by one.
MAX_AGE_S = 900.0
# As long as others wait for a describe that is being asked for.
ASKING_WAIT_S = 30.0
# Last-Modified has whole seconds: a describe fetched as fresh as this may change again within the same one.
SETTLED_S = 2.0
KEPT_OBJECT_KEYS = ("name", "label", "keyPrefix", "custom", "queryable", "createable", "updateable", "deletable",
                    "replicateable", "retrieveable", "childRelationships")
KEPT_FIELD_KEYS = ("name", "label", "type", "soapType", "length", "precision", "scale", "digits", "nillable",
                   "createable", "updateable", "calculated", "autoNumber", "unique", "externalId", "idLookup",
                   "caseSensitive", "compoundFieldName", "referenceTo", "relationshipName", "defaultedOnCreate",
                   "encrypted", "filterable", "sortable", "groupable", "nameField", "picklistValues",
                   "restrictedPicklist")


@dataclass(frozen=True)
class Field:
    """A field of an object. raw: its describe by Salesforce's names."""

    name: str
    sf_type: str
    column_name: str
    raw: Mapping[str, Any]

    def has(self, flag: str) -> bool:
        return self.raw.get(flag) is True

    def column(self, name: str) -> Column:
        return Column(name, self.name, self.sf_type, self.has("filterable"), self.has("sortable"))

    def precise_type(self) -> str:
        return types.precise_type(self.sf_type)

    def heroku_type(self) -> str | None:
        return types.heroku_type(self.sf_type, int(self.raw.get("length") or 0))


@dataclass(frozen=True)
class Described:
    """An object: its API name, its fields by lower-case name, its describe by Salesforce's names."""

    name: str
    fields: Mapping[str, Field]
    raw: Mapping[str, Any]

    def field(self, name: str) -> Field:
        """The field of that name. Raises FieldUnknown."""
        found = self.fields.get(name.lower())
        if found is None:
            raise FieldUnknown(f'object "{self.name}" has no field "{name}" in Salesforce')
        return found

    def has(self, flag: str) -> bool:
        return self.raw.get(flag) is True


def describe(connection: Connection, sobject: str, *, max_age_s: float = MAX_AGE_S) -> Described:
    """The object's describe, not older than max_age_s without having been confirmed. Raises ObjectUnknown."""
    key = object_name("object", sobject).lower()
    if key.startswith("_"):
        raise ObjectUnknown(f'object "{sobject}" does not exist in Salesforce')
    known = connection.describes.get(key)
    if known is None or time.time() - known.confirmed_at > max_age_s:
        known = _confirmed(connection, sobject, max_age_s)
        connection.describes[key] = known
    return _parsed(known)


def _parsed(known: Known) -> Described:
    if known.parsed is None:
        known.parsed = described(known.raw)
    result: Described = known.parsed
    return result


def describe_all(connection: Connection, sobjects: Iterable[str], *,
                 unconditionally: Collection[str] = ()) -> dict[str, Described | None]:
    """Describes of objects, all confirmed now by as few requests as can be; None: the object is unknown.

    Those named in unconditionally are fetched anew, whatever is remembered.
    """
    asked_at = time.time()
    remembered = {name: _newest(connection, name.lower()) for name in sobjects}
    since = {name: known.last_modified if known and name not in unconditionally else None
             for name, known in remembered.items()}
    found: dict[str, Described | None] = {}
    client = connection.client.charged(Purpose("describe"))
    for name, answer in client.describe_all(since).items():
        if answer is None:
            forget(connection, name)
            found[name] = None
            continue
        raw, last_modified = answer
        known = remembered[name] if raw is None else Known(_reduced(raw), _settled(connection, last_modified), asked_at)
        assert known is not None
        known.confirmed_at = asked_at
        _share(connection, name.lower(), known)
        connection.describes[name.lower()] = known
        found[name] = _parsed(known)
    return found


def forget(connection: Connection, sobject: str) -> None:
    """Ask anew, unconditionally, when the object is next described: an answer contradicted what is known."""
    connection.describes.pop(sobject.lower(), None)
    connection.spool.remove(_file_name(connection, sobject.lower()))


def _newest(connection: Connection, key: str) -> Known | None:
    """What this backend remembers, or what another has shared since."""
    known, shared = connection.describes.get(key), _shared(connection, key)
    return shared if shared and (known is None or shared.confirmed_at > known.confirmed_at) else known


def _confirmed(connection: Connection, sobject: str, max_age_s: float) -> Known:
    """What is known, confirmed by one request for all backends that need it now."""
    began_at = time.time()
    known = _newest(connection, sobject.lower())
    if known and began_at - known.confirmed_at <= max_age_s:
        return known
    with connection.spool.locked(_file_name(connection, sobject.lower()), ASKING_WAIT_S,
                                 f'another session is still asking for the describe of object "{sobject}"'):
        known = _newest(connection, sobject.lower())
        if known and known.confirmed_at >= began_at - max_age_s:
            return known
        return _asked(connection, sobject, known)


def _asked(connection: Connection, sobject: str, known: Known | None) -> Known:
    asked_at = time.time()
    client = connection.client.charged(Purpose("describe", sobject))
    raw, last_modified = client.describe(sobject, known.last_modified if known else None)
    if raw is not None:
        known = Known(_reduced(raw), _settled(connection, last_modified), asked_at)
    assert known is not None
    known.confirmed_at = asked_at
    _share(connection, sobject.lower(), known)
    return known


def _settled(connection: Connection, last_modified: str | None) -> str | None:
    """The time to ask by later; None while the object may still change within the second it names."""
    now = connection.client.transport.server_time()
    if last_modified is None or now is None:
        return None
    try:
        changed = parsedate_to_datetime(last_modified).timestamp()
    except ValueError:
        return None
    return last_modified if now - changed > SETTLED_S else None


def _reduced(raw: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: raw.get(key) for key in KEPT_OBJECT_KEYS}
    kept["fields"] = [{key: field.get(key) for key in KEPT_FIELD_KEYS} for field in raw["fields"]]
    return kept


def _file_name(connection: Connection, key: str) -> str:
    return f"describe-{connection.settings.key()}-{connection.settings.api_version}-{key}.json"


def _shared(connection: Connection, key: str) -> Known | None:
    content = connection.spool.read(_file_name(connection, key))
    try:
        found = parse_json(content or b"null")
        return Known(found["raw"], found["last_modified"], float(found["confirmed_at"])) if found else None
    except (ValueError, KeyError, TypeError):
        # Written by another version: asked for anew and replaced.
        return None


def _share(connection: Connection, key: str, known: Known) -> None:
    content = {"raw": known.raw, "last_modified": known.last_modified, "confirmed_at": known.confirmed_at}
    connection.spool.write(_file_name(connection, key), json_text(content).encode())


def described(raw: Mapping[str, Any]) -> Described:
    """Give each field its column: API names differ by more than case, and so do their columns."""
    named = ((str(entry["name"]), entry) for entry in raw["fields"])
    fields = {name.lower(): Field(name, str(entry["type"]), types.sql_name(name), entry) for name, entry in named}
    return Described(str(raw["name"]), fields, raw)
