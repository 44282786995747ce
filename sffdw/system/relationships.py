"""`_relationships`: which objects refer to an object, by which field."""

from collections.abc import Iterable, Mapping

from sffdw.describe import describe
from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class RelationshipsTable(SystemTable):
    name = "_relationships"
    columns = (argument("object_name"), SystemColumn("child_object_name", "text"),
               SystemColumn("child_field_name", "text"), SystemColumn("relationship_name", "text"),
               SystemColumn("cascade_delete", "boolean"), SystemColumn("restricted_delete", "boolean"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        described = describe(self.connection, self.object_argument(arguments), max_age_s=0)
        for entry in described.raw.get("childRelationships") or []:
            yield {"child_object_name": entry.get("childSObject"), "child_field_name": entry.get("field"),
                   "relationship_name": entry.get("relationshipName"),
                   "cascade_delete": entry.get("cascadeDelete") is True,
                   "restricted_delete": entry.get("restrictedDelete") is True}


TABLE = RelationshipsTable
