"""The object model of the local org: what describe says about each object and field, and what it cannot say.

`Schema` answers lookups and describes and takes definitions and alterations; `SObject`, `Field`, `ChildRelationship`
and the rest are immutable. Nothing here knows the store, SOQL or HTTP.
"""

from .changes import SchemaChange
from .errors import SchemaError
from .field import Field, PicklistValue, make_field
from .registry import Schema
from .sobject import ChildRelationship, RecordTypeEntry, SObject, ValidationRule

__all__ = [
    "ChildRelationship",
    "Field",
    "PicklistValue",
    "RecordTypeEntry",
    "SObject",
    "Schema",
    "SchemaChange",
    "SchemaError",
    "ValidationRule",
    "make_field",
]
