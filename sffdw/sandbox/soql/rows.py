"""Which rows of an object a statement may see at all: not deleted, shared with the user, not hidden by a fault."""

from __future__ import annotations

from sffdw.sandbox.soql.names import Scope

_ARCHIVED = frozenset({"Task", "Event"})  # other objects have a field IsArchived that means something else


def visible_sql(scope: Scope, *, archived_too: bool = False) -> str:
    """Return the condition that every row of the scope's object must meet; reading by id shows archived rows too."""
    settings, alias = scope.statement.settings, scope.alias
    parts = []
    if not settings.includes_deleted:
        # The plus keeps SQLite from choosing the index that exists for bare counts.
        parts.append(f"+{alias}._deleted = 0")
        if scope.sobject.name in _ARCHIVED and not archived_too:
            parts.append(f'{alias}."IsArchived" = 0')
    if settings.hidden_share > 0:
        # A multiplicative hash of the row number spreads the hidden rows evenly and the same way every time.
        limit = int(settings.hidden_share * 10000)
        parts.append(f"(({alias}._row * 7919) % 10000) >= {limit}")
    if scope.limits_to_own and scope.sobject.stored_field("OwnerId") is not None:
        parts.append(f'{alias}."OwnerId" = {scope.statement.bind(settings.user_id)}')
    share = settings.access.share_of(scope.sobject)
    if share:
        from sffdw.sandbox.soql.filters import Filter
        from sffdw.sandbox.soql.parser import parse

        condition = parse(f"SELECT Id FROM {scope.sobject.name} WHERE {share}").where
        if condition is not None:
            parts.append(f"ifnull({Filter(scope).sql(condition)}, 0)")
    return " AND ".join(parts) or "1"
