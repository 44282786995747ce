"""The records every org is born with: the organization, profiles, users, the standard price book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org

_LOCALE = {
    "TimeZoneSidKey": "GMT",
    "LocaleSidKey": "en_US",
    "LanguageLocaleKey": "en_US",
    "EmailEncodingKey": "UTF-8",
}


def create_residents(org: Org) -> None:
    """Create them, with ids from the org's own sequences."""
    admin_id = org.store.new_id(org.schema["User"])
    profile_id = _create(org, admin_id, "Profile", Name="System Administrator", UserType="Standard")
    _create(org, admin_id, "Profile", Name="Standard User", UserType="Standard")
    _create_user(org, admin_id, admin_id, org.credentials.username, "Integration", "User", profile_id)
    _create_user(
        org,
        admin_id,
        None,
        f"autoproc@{org.org_id[:15].lower()}",
        None,
        "Automated Process",
        None,
        kind="AutomatedProcess",
    )
    _create(
        org,
        admin_id,
        "Organization",
        Id=org.org_id,
        Name="Sandbox Org",
        Country="US",
        OrganizationType="Developer Edition",
        InstanceName="SBX1",
        IsSandbox=False,
        NamespacePrefix=None,
        FiscalYearStartMonth=1,
        DefaultLocaleSidKey="en_US",
        TimeZoneSidKey="GMT",
        LanguageLocaleKey="en_US",
    )
    _create(org, admin_id, "Pricebook2", Name="Standard Price Book", IsActive=True, IsStandard=True)


def _create_user(
    org: Org,
    admin_id: str,
    user_id: str | None,
    username: str,
    first_name: str | None,
    last_name: str,
    profile_id: str | None,
    *,
    kind: str = "Standard",
) -> None:
    _create(
        org,
        admin_id,
        "User",
        Id=user_id,
        Username=username,
        FirstName=first_name,
        LastName=last_name,
        Email=username if "@" in username and "." in username.partition("@")[2] else "autoproc@example.com",
        Alias=last_name[:8].lower(),
        CommunityNickname=username[:40],
        IsActive=True,
        UserType=kind,
        ProfileId=profile_id,
        **_LOCALE,
    )


def _create(org: Org, admin_id: str, object_name: str, **values: Any) -> str | None:
    """Create one record with the values its object has fields for."""
    sobject = org.schema.get(object_name)
    if sobject is None:
        return None
    known = {
        name: value for name, value in values.items() if sobject.stored_field(name) is not None and value is not None
    }
    change = {"op": "create", "object": object_name, "values": known}
    result = org.store.apply([change], user=admin_id, at=org.stamp(), raw=True)[0]
    if not result["success"]:
        raise RuntimeError(f"could not create the org's {object_name}: {result['errors']}")
    return str(result["id"])
