"""Dependent picklists when records are saved.

The API does not look at dependencies: any active value of a restricted picklist will do. Orgs can be made to refuse
(switch `enforce_dependencies`): then a restricted picklist takes only values that go with the controlling one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sffdw.sandbox.errors import ApiError
from sffdw.sandbox.schema import Field, SObject
from sffdw.sandbox.store.store import Values


def check_dependencies(sobject: SObject, values: Values, before: Mapping[str, object]) -> None:
    """Refuse values that do not go with what the controlling field holds."""
    merged = {**before, **values}
    for field in sobject.fields:
        controller = sobject.stored_field(field.controller_name) if field.controller_name else None
        if controller is None or not field.restricted_picklist or not {field.name, controller.name} & values.keys():
            continue
        for chosen in str(merged.get(field.name) or "").split(";"):
            if chosen and not _goes_with(field, chosen, _controlling(controller, merged.get(controller.name))):
                raise ApiError(
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"{field.name}: bad value for restricted picklist field: {chosen}",
                    fields=[field.name],
                )


def _controlling(controller: Field, value: object) -> set[str]:
    if controller.type == "boolean":
        return {"true" if value else "false"}
    return set(str(value or "").lower().split(";"))


def _goes_with(field: Field, chosen: str, controlling: set[str]) -> bool:
    for known in field.picklist_values:
        if known.value.lower() == chosen.lower():
            return bool(controlling & {text.lower() for text in known.named_for or ()})
    return False
