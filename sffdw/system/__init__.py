"""System foreign tables: what Salesforce offers beside objects, each as rows. One module a table, imported at use.

Arguments are text columns given by `=` (or IN) and echoed back, because PostgreSQL checks them again.
"""

from importlib import import_module

from sffdw.connection import Connection
from sffdw.errors import ObjectUnknown
from sffdw.system.table import SystemTable

# In the order in which IMPORT FOREIGN SCHEMA salesforce_system offers them.
NAMES = ("_session", "_limits", "_objects", "_fields", "_picklist_values", "_relationships", "_record_counts",
         "_schema_changes", "_soql", "_deleted", "_updated", "_write", "_sync_write", "_intents", "_bulk_jobs",
         "_bulk_results", "_bulk_pages", "_ingest_records", "_ingest_results", "_changes", "_calls", "_retry_rules")


def table_class(name: str) -> type[SystemTable]:
    """The class of a system table. Raises ObjectUnknown."""
    if name not in NAMES:
        raise ObjectUnknown(f'system table "{name}" does not exist', hint=f"There are: {', '.join(NAMES)}.")
    found: type[SystemTable] = import_module(f"sffdw.system.{name[1:]}").TABLE
    return found


def open_table(name: str, connection: Connection, columns: tuple[str, ...]) -> SystemTable:
    """A system table for a foreign table's columns."""
    return table_class(name)(connection, columns)
