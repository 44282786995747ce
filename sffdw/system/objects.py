"""`_objects`: the objects that the user may see, from global describe."""

from collections.abc import Iterable, Mapping

from sffdw.calls import Purpose
from sffdw.system.table import Row, SystemColumn, SystemTable

# Column to key of Salesforce's describe.
TEXTS = {"label": "label", "label_plural": "labelPlural", "key_prefix": "keyPrefix"}
FLAGS = {"custom": "custom", "custom_setting": "customSetting", "queryable": "queryable", "createable": "createable",
         "updateable": "updateable", "deletable": "deletable", "undeletable": "undeletable",
         "replicateable": "replicateable", "retrieveable": "retrieveable", "searchable": "searchable",
         "triggerable": "triggerable", "mergeable": "mergeable"}


class ObjectsTable(SystemTable):
    name = "_objects"
    expected_rows = 1000
    columns = (SystemColumn("object_name", "text"), *(SystemColumn(name, "text") for name in TEXTS),
               *(SystemColumn(name, "boolean") for name in FLAGS))

    def found(self, arguments: Mapping[str, str]) -> Iterable[Row]:
        for entry in self.connection.client.charged(Purpose("describe")).describe_global():
            texts = {column: entry.get(key) for column, key in TEXTS.items()}
            flags = {column: entry.get(key) is True for column, key in FLAGS.items()}
            yield {"object_name": entry["name"], **texts, **flags}


TABLE = ObjectsTable
