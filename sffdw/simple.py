"""simple-salesforce, imported without the SOAP and JWT libraries that only its metadata API and its own logins need.

They cost every backend 16 MB and a third of the time of its first request. While simple-salesforce is imported empty
modules stand in for them; whoever imports them afterwards gets the real ones.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _StandIn(ModuleType):
    """A module, or a package, all of whose names are empty classes."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextmanager
def stand_ins(*names: str) -> Iterator[None]:
    """Stand-ins for those modules that are not imported yet, until the block ends."""
    made = {name: _StandIn(name) for name in names if name.partition(".")[0] not in sys.modules}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


with stand_ins("zeep", "zeep.proxy", "zeep.xsd", "jwt"):
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceError

__all__ = ["Salesforce", "SalesforceError"]
