"""Content of the org: records as they are stored, changes, definitions, a new start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sffdw.sandbox import ids, stamps
from sffdw.sandbox.call import Call, Reply
from sffdw.sandbox.dml.changes import apply_changes
from sffdw.sandbox.dml.currencies import currencies_of
from sffdw.sandbox.errors import ApiError, not_found
from sffdw.sandbox.features import enable_features, shown_features
from sffdw.sandbox.jsontext import dumps
from sffdw.sandbox.schema import SObject
from sffdw.sandbox.schema.features import check_feature
from sffdw.sandbox.soql.names import Scope, Statement
from sffdw.sandbox.soql.settings import Settings
from sffdw.sandbox.store.tables import table_name
from sffdw.sandbox.values import to_answer

_PAGE = 100_000


def _object(call: Call, name: str) -> SObject:
    found = call.org.schema.get(name)
    if found is None:
        raise not_found(f'no object "{name}"')
    return found


# Records


def list_records(call: Call, name: str) -> Reply:
    """GET /_sandbox/records/OBJECT?scope&fields&after&limit: NDJSON of values by Id, formulas computed."""
    sobject = _object(call, name)
    wanted = {part.strip().lower() for part in call.query.get("fields", "").split(",") if part.strip()}
    fields = [field for field in sobject.column_fields if not wanted or field.name.lower() in {*wanted, "id"}]
    has_flag = not wanted or "isdeleted" in wanted
    settings = Settings(now=call.org.clock.now(), currencies=currencies_of(call.org.store))
    statement = Statement("", call.org.schema, settings)
    scope = Scope(statement, sobject, ())
    columns = ", ".join(["_deleted", *(scope.value_sql(sobject, field, scope.alias) for field in fields)])
    after = statement.bind(ids.normalise(call.query.get("after", "")) or call.query.get("after", ""))
    where = f'{scope.alias}."Id" > {after}' + ("" if call.query.get("scope") == "all" else " AND +_deleted = 0")
    source = f"{table_name(sobject)} {scope.alias}{scope.joins_sql()}"
    sql = f'SELECT {columns} FROM {source} WHERE {where} ORDER BY {scope.alias}."Id" LIMIT {_limit(call)}'
    lines = []
    for row in call.org.store.reader.execute(sql, statement.params):
        values = {field.name: to_answer(field, value) for field, value in zip(fields, row[1:], strict=True)}
        lines.append(dumps(values | {"IsDeleted": bool(row[0])} if has_flag else values))
    return Reply(text="".join(line + "\n" for line in lines), content_type="application/x-ndjson;charset=UTF-8")


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(_PAGE))
    if not text.isdigit():
        raise ApiError("INVALID_ARGUMENT", '"limit" must be a number')
    return int(text)


def change_records(call: Call) -> Reply:
    """POST /_sandbox/records: changes in one transaction."""
    given = call.json_object()
    changes = given.get("changes")
    if not isinstance(changes, list) or not all(isinstance(item, Mapping) for item in changes):
        raise ApiError("INVALID_ARGUMENT", '"changes" must be a list of objects')
    org = call.org
    actor = org.actor(_user_id(call, given.get("user")), at=_moment(given.get("at")), is_raw=bool(given.get("raw")))
    if given.get("commit_after_s"):
        after_s = float(given["commit_after_s"])
        return Reply(body={"results": org.late.run(lambda: apply_changes(org.store, changes, actor), after_s)})
    return Reply(body={"results": apply_changes(org.store, changes, actor)})


def _user_id(call: Call, user: object) -> str | None:
    if user is None:
        return None
    found = call.org.users.by_username(str(user)) or call.org.users.by_id(ids.normalise(user) or "")
    if found is None:
        raise ApiError("INVALID_ARGUMENT", f'no user "{user}"')
    return found.user_id


def _moment(at: object) -> str | None:
    if at is None:
        return None
    moment = stamps.parse_datetime(str(at))
    if moment is None:
        raise ApiError("INVALID_ARGUMENT", f'cannot read the time "{at}"')
    return stamps.to_text(moment)


# Definitions


def define_object(call: Call) -> Reply:
    """POST /_sandbox/objects: a describe or the short form."""
    given = call.json_object()
    org = call.org
    with org.change_lock:
        changes = org.schema.define(given)
        org.store.follow(changes)
    return Reply(201, _summary(call, changes[0].object_name))


def alter_object(call: Call, name: str) -> Reply:
    """PATCH /_sandbox/objects/OBJECT."""
    org = call.org
    _object(call, name)
    with org.change_lock:
        changes = org.schema.alter(name, call.json_object())
        org.store.follow(changes)
    return Reply(body=_summary(call, changes[0].object_name))


def drop_object(call: Call, name: str) -> Reply:
    """DELETE /_sandbox/objects/OBJECT."""
    org = call.org
    _object(call, name)
    with org.change_lock:
        org.store.follow(org.schema.drop(name))
    return Reply(204)


def show_object(call: Call, name: str) -> Reply:
    """GET /_sandbox/objects/OBJECT."""
    return Reply(body=_summary(call, _object(call, name).name))


def _summary(call: Call, name: str) -> dict[str, Any]:
    sobject = call.org.schema[name]
    return {
        "name": sobject.name,
        "key_prefix": sobject.key_prefix,
        "fields": [{"name": field.name, "type": field.type, "hidden": field.hidden} for field in sobject.fields],
    }


# Features


def show_features(call: Call) -> Reply:
    """GET /_sandbox/features."""
    return Reply(body=shown_features(call.org))


def set_features(call: Call) -> Reply:
    """PUT /_sandbox/features {multi_currency, person_accounts}: turn them on."""
    given = call.json_object()
    for name, stated in given.items():
        if not stated and check_feature(name) in call.org.schema.features:
            raise ApiError("INVALID_ARGUMENT", f'"{name}" cannot be turned off again')
        check_feature(name)
    enable_features(call.org, given)
    return show_features(call)


def set_assignment_rules(call: Call) -> Reply:
    """PUT /_sandbox/assignment_rules {Case: owner's id}: the active rules, each with one owner for all records."""
    given = {_object(call, name).name: ids.normalise(owner) for name, owner in call.json_object().items()}
    if not (set(given) <= {"Account", "Case", "Lead"} and all(given.values())):
        raise ApiError("INVALID_ARGUMENT", "assignment rules give accounts, cases and leads to the id of an owner")
    call.org.store.save_setting("assignment_rules", given)
    return Reply(body=given)


# A new start


def reset(call: Call) -> Reply:
    """POST /_sandbox/reset {load?, rows?, seed?, org_id?}: new content; a new org id kills old tokens."""
    from sffdw.sandbox.population import reborn, refill

    given = call.json_object() if call.body.strip() else {}
    call.host.org = call.org = reborn(call.org, given)
    refill(call.org, given)
    return Reply(body={"org_id": call.org.org_id, "objects": call.org.counts()})
