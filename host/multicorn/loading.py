"""From the server option `wrapper` to a class, and from catalog options to a wrapper's judgement.

Called by the C host. Imports run code, so the host asks for them only for class names a superuser has set.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from multicorn.utils import MulticornException
from multicorn.wrapper import ForeignDataWrapper

INVALID_VALUE = "HV024"
HINT = "It must be the dotted path of a subclass of multicorn.ForeignDataWrapper that the server's Python can import."


def load_class(path: str) -> type[ForeignDataWrapper]:
    """Give the class a `wrapper` option names; the error says why it cannot be had."""
    module_name, _, class_name = path.rpartition(".")
    if not module_name:
        raise invalid_wrapper(path, "The value names no module.")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:
        raise invalid_wrapper(path, f"{type(error).__name__}: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, ForeignDataWrapper)):
        raise invalid_wrapper(path, "It is not a subclass of multicorn.ForeignDataWrapper.")
    return found


def invalid_wrapper(path: str, detail: str) -> MulticornException:
    message = f'invalid value for option "wrapper": "{path}"'
    return MulticornException(message, sqlstate=INVALID_VALUE, detail=detail, hint=HINT)


def validate(context: str, options: dict[str, str], paths: Sequence[str]) -> None:
    """Let wrappers judge the options of one context.

    PostgreSQL does not tell a validator which server an option belongs to. Where it is not known, paths holds the
    wrappers of all servers, and it is enough that one of them accepts the options.
    """
    refusals: list[Exception] = []
    for path in paths:
        try:
            load_class(path).validate_options(options, context)
        except Exception as refusal:  # noqa: BLE001 - raised below unless another wrapper accepts
            refusals.append(refusal)
        else:
            return
    if refusals:
        raise refusals[0]
