"""A Salesforce org as foreign tables: the Multicorn wrapper `sffdw.SalesforceFdw`.

The class is resolved at first use, so that importing the package (as the sandbox does) needs no Multicorn host.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sffdw.fdw import SalesforceFdw

__all__ = ["SalesforceFdw"]


def __getattr__(name: str) -> Any:
    if name == "SalesforceFdw":
        from sffdw.fdw import SalesforceFdw

        return SalesforceFdw
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
