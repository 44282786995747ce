"""`_picklist_values`: the values of an object's picklists, in their order."""

from collections.abc import Iterable, Mapping

from sffdw.describe import describe
from sffdw.system.table import Row, SystemColumn, SystemTable, argument


class PicklistValuesTable(SystemTable):
    name = "_picklist_values"
    columns = (argument("object_name"), SystemColumn("field_name", "text"), SystemColumn("position", "integer"),
               SystemColumn("value", "text"), SystemColumn("label", "text"), SystemColumn("active", "boolean"),
               SystemColumn("default_value", "boolean"), SystemColumn("restricted", "boolean"))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for field in describe(self.connection, self.object_argument(arguments), max_age_s=0).fields.values():
            for position, entry in enumerate(field.raw.get("picklistValues") or [], 1):
                yield {"field_name": field.name, "position": position, "value": entry.get("value"),
                       "label": entry.get("label"), "active": entry.get("active") is True,
                       "default_value": entry.get("defaultValue") is True,
                       "restricted": field.has("restrictedPicklist")}


TABLE = PicklistValuesTable
