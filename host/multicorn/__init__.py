"""The Python side of the Multicorn host: what a foreign data wrapper written in Python imports.

The names are those of the Multicorn contract, so that a wrapper runs on either host. A wrapper that wants more asks
HOST_FEATURES and works without what is absent there.
"""

from multicorn.definitions import ALL, ANY, ColumnDefinition, Qual, SortKey, TableDefinition
from multicorn.wrapper import ForeignDataWrapper, TransactionAwareForeignDataWrapper

HOST_FEATURES: frozenset[str] = frozenset(
    {
        "sqlstate",  # exceptions may carry sqlstate, detail, hint and context
        "validate_options",  # classmethod validate_options(options, context) is asked at CREATE and ALTER
        "worker_threads",  # multicorn.utils.run_in_worker waits on the backend's latch
        "begin_modify",  # begin_modify() is called when a DML statement starts
        "assigned_columns",  # update() gets the assigned columns and the row id only
        "bulk_copy",  # COPY arrives through bulk_insert too
        "split_rows",  # multicorn.utils.split_rows() splits text of quoted values faster than Python can
        "database_oid",  # multicorn.utils.database_oid() tells databases of a cluster apart
    }
)

__all__ = [
    "ALL",
    "ANY",
    "HOST_FEATURES",
    "ColumnDefinition",
    "ForeignDataWrapper",
    "Qual",
    "SortKey",
    "TableDefinition",
    "TransactionAwareForeignDataWrapper",
]
