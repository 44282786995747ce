"""Who changes records, when, and under which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sffdw.sandbox.access import FULL_ACCESS, Access


@dataclass(frozen=True)
class Actor:
    """One writer in one transaction. `at` is the stamp of all its rows (stored form).

    Raw actors may set ids, stamps and read-only fields and meet no rule; `sets_audit` is the permission
    "Set Audit Fields upon Record Creation".
    """

    user_id: str
    at: str
    is_raw: bool = False
    access: Access = FULL_ACCESS
    sets_audit: bool = False
    allows_duplicates: bool = False
    keeps_stamp_on_delete: bool = False
    enforces_dependencies: bool = False
    assignments: Mapping[str, str] = field(default_factory=dict)  # owner by object, where rules are to run
    origin: str = ""  # which interface and client the change came through, as change events say it
