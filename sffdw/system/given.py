"""Values that INSERTs give to the system tables which write: read and checked in one way. All raise ValueRefused."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sffdw.errors import OptionError, ValueRefused
from sffdw.options import field_path, object_name
from sffdw.types import parse_json


def batch_id_of(value: Any) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise ValueRefused('invalid value for column "batch_id"', hint="It must be a UUID.") from None


def check_operation(operation: str, valid: Iterable[str]) -> None:
    names = tuple(valid)
    if operation not in names:
        raise ValueRefused(f'invalid value for column "operation": "{operation[:100]}"',
                           hint=f"Valid values are: {', '.join(names)}.")


def target_of(row: Mapping[str, Any], operation: str) -> tuple[str, str | None]:
    """The object that a change is for, and the external id field of an upsert."""
    try:
        sobject = object_name("object_name", str(row.get("object_name") or ""))
        external = row.get("external_id_field")
        return sobject, field_path("external_id_field", str(external or "")) if operation == "upsert" else None
    except OptionError as error:
        raise ValueRefused(str(error).replace("option", "column"), hint=error.hint) from None


def json_object(value: Any) -> dict[str, Any] | None:
    """A value of type jsonb as the object that it is; None: it is none."""
    try:
        found = parse_json(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def record_of(value: Any) -> dict[str, Any]:
    record = json_object(value)
    if record is None:
        raise ValueRefused('column "record" must hold a JSON object',
                           hint="Its keys are the API names of fields: {\"Name\": \"Acme\"}.")
    return record
