"""The object model of the local org: what describe says about each object and field, and what it cannot say.

`Schema` answers lookups and describes and takes definitions and alterations; `SObject`, `Field`, `ChildRelationship`
and the rest are immutable. Nothing here knows the store, SOQL or HTTP.
"""

from sffdw.sandbox.schema.changes import SchemaChange
from sffdw.sandbox.schema.errors import SchemaError
from sffdw.sandbox.schema.field import Field, PicklistValue, make_field
from sffdw.sandbox.schema.registry import Schema
from sffdw.sandbox.schema.sobject import ChildRelationship, RecordTypeEntry, SObject, ValidationRule

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
