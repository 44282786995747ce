"""Changes nobody asked for: recalculations that move SystemModstamp and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sffdw.sandbox.store.tables import table_name

if TYPE_CHECKING:
    from sffdw.sandbox.call import Call


def touch_some(call: Call, rows: int) -> None:
    """Move the stamp of the oldest `rows` records of the call's object to now."""
    sobject = call.org.schema.get(call.object or "")
    if sobject is None or sobject.stored_field("SystemModstamp") is None:
        return
    table = table_name(sobject)
    free = '"Id" NOT IN (SELECT value FROM json_each(?))'
    oldest = f'SELECT _row FROM {table} WHERE _deleted = 0 AND {free} ORDER BY "SystemModstamp", "Id" LIMIT ?'
    with call.org.store.transaction() as connection:
        sql = f'UPDATE {table} SET "SystemModstamp" = ? WHERE _row IN ({oldest})'
        connection.execute(sql, (call.org.stamp(), json.dumps(call.org.store.locks.held_rows()), rows))
