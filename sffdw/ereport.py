"""The border to the host for errors and warnings: our tree whole where the host takes it, as messages elsewhere."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import multicorn
from multicorn.utils import ERROR, WARNING, log_to_postgres

from sffdw.errors import Defect, Error

HOST_FEATURES: frozenset[str] = getattr(multicorn, "HOST_FEATURES", frozenset())
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def report(exc: Exception) -> NoReturn:
    """Raise for the host. What is not of our tree is a defect, or the system's doing, and shows no values."""
    error = _known(exc)
    if "sqlstate" in HOST_FEATURES:
        raise error from exc
    detail = f"SQLSTATE {error.sqlstate}." + (f" {error.detail}" if error.detail else "")
    log_to_postgres(str(error), ERROR, hint=error.hint, detail=detail)
    raise error from exc


def _known(exc: Exception) -> Error:
    if isinstance(exc, Error):
        return exc
    if isinstance(exc, OSError):
        return Error(f"could not use the files of the server: {exc.strerror or type(exc).__name__}")
    place = exc.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}, line {place.tb_lineno}" if place else "unknown place"
    return Defect(f"unexpected {type(exc).__name__}", detail=f"It was raised in {where}.")


def reporting(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make a function's exceptions ones that the host understands."""

    @wraps(function)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - report() raises
            report(exc)

    return wrapped


def reporting_rows(rows: Iterator[Any]) -> Iterator[Any]:
    """The same for an iterator, which raises while the host reads it."""
    try:
        yield from rows
    except Exception as exc:  # noqa: BLE001 - report() raises
        report(exc)


def warn(message: str, hint: str | None) -> None:
    log_to_postgres(message, WARNING, hint=hint)
