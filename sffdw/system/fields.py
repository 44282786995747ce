"""`_fields`: an object's fields as describe tells them, with the SQL types of their columns.

Always confirmed by a (conditional) request: who asks for fields wants to know what they are now.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sffdw.describe import Field, describe
from sffdw.system.table import Row, SystemColumn, SystemTable, argument

# Column to key of Salesforce's describe.
TEXTS = {"label": "label", "type": "type", "soap_type": "soapType", "compound_field_name": "compoundFieldName",
         "relationship_name": "relationshipName"}
NUMBERS = {"length": "length", "precision": "precision", "scale": "scale", "digits": "digits"}
FLAGS = {"nillable": "nillable", "createable": "createable", "updateable": "updateable", "calculated": "calculated",
         "auto_number": "autoNumber", "unique": "unique", "external_id": "externalId", "id_lookup": "idLookup",
         "case_sensitive": "caseSensitive", "default_on_create": "defaultedOnCreate", "encrypted": "encrypted",
         "filterable": "filterable", "sortable": "sortable", "groupable": "groupable", "name_field": "nameField",
         "restricted_picklist": "restrictedPicklist"}


class FieldsTable(SystemTable):
    name = "_fields"
    columns = (argument("object_name"), SystemColumn("field_name", "text"), SystemColumn("column_name", "text"),
               *(SystemColumn(name, "text") for name in TEXTS), *(SystemColumn(name, "integer") for name in NUMBERS),
               *(SystemColumn(name, "boolean") for name in FLAGS), SystemColumn("reference_to", "text[]"),
               SystemColumn("heroku_type", "text"), SystemColumn("precise_type", "text"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for field in describe(self.connection, self.object_argument(arguments), max_age_s=0).fields.values():
            yield field_row(field)


def field_row(field: Field) -> dict[str, Any]:
    """A field by the names of the table's columns."""
    texts = {column: field.raw.get(key) for column, key in TEXTS.items()}
    numbers = {column: field.raw.get(key) for column, key in NUMBERS.items()}
    flags = {column: field.has(key) for column, key in FLAGS.items()}
    return {"field_name": field.name, "column_name": field.column_name, **texts, **numbers, **flags,
            "reference_to": list(field.raw.get("referenceTo") or []), "heroku_type": field.heroku_type(),
            "precise_type": field.precise_type()}


TABLE = FieldsTable
