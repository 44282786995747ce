"""simple-salesforce, imported without what only its Bulk and metadata APIs and its own logins need.

That costs every backend 16 MB and half of the time of its first request. While simple-salesforce is imported empty
modules stand in for them. Neither they nor what has seen them stay known: whoever imports simple-salesforce afterwards,
as a function in PL/Python may, gets a whole one.
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


@contextmanager
def unknown_afterwards(package: str) -> Iterator[None]:
    """Forget the package's modules when the block ends, unless somebody has imported it before."""
    was_known = package in sys.modules
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == package and not was_known]:
        del sys.modules[name]


with unknown_afterwards("simple_salesforce"), stand_ins(
        "zeep", "zeep.proxy", "zeep.xsd", "jwt", "simple_salesforce.bulk", "simple_salesforce.bulk2",
        "simple_salesforce.login", "simple_salesforce.metadata"):
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceError

__all__ = ["Salesforce", "SalesforceError"]
