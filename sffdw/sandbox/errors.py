"""The errors that API callers see: HTTP status, Salesforce's errorCode and message."""

from collections.abc import Sequence
from typing import Any

CUSTOM_FIELD_HINT = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
CUSTOM_OBJECT_HINT = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


class ApiError(Exception):
    """A request, or one record of it, is refused; `fields` is set by the rules of records only."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Sequence[str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = None if fields is None else list(fields)
        self.extra = extra or {}

    def body(self) -> list[dict[str, Any]]:
        """Return the REST error body: an array of one error."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.code == "NOT_FOUND":
            error = {"errorCode": self.code, "message": self.message}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error | self.extra]

    def row_error(self) -> dict[str, Any]:
        """Return the error as Collections and tree rows carry it."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or []} | self.extra


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Return the error for a path or record that does not exist."""
    return ApiError("NOT_FOUND", message, status=404)


def unknown_object(name: str) -> ApiError:
    """Return the error for an object name that the org does not know."""
    return ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported. {CUSTOM_OBJECT_HINT}")


def malformed_json(message: str) -> ApiError:
    """Return the error for a request body that cannot be read."""
    return ApiError("JSON_PARSER_ERROR", message)
