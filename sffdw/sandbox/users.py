"""Users of the org: their logins, rights and settings. The rows themselves are records of object User."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sffdw.sandbox.access import USER_ACCESS, Access, FieldRights, ObjectRights, RecordTypeRights
from sffdw.sandbox.errors import ApiError

if TYPE_CHECKING:
    from sffdw.sandbox.org import Org
    from sffdw.sandbox.sessions import Session


_LOGIN = "login"


@dataclass
class Login:
    """What a user logs in with and may do, beyond the User record."""

    password: str = ""
    security_token: str = ""
    certificate: str = ""
    password_expired: bool = False
    is_locked: bool = False
    uses_gateway: bool = False  # delegated authentication, whose gateway this org has not
    access: Access = USER_ACCESS
    stated: dict[str, Any] = field(default_factory=dict)

    def value(self) -> dict[str, Any]:
        """Return the login as it is kept; the rights follow from what was stated."""
        return {known.name: getattr(self, known.name) for known in fields(self) if known.name != "access"}

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Login:
        """Return a login that was kept."""
        return cls(**value, access=read_access(value["stated"]))


@dataclass(frozen=True)
class User:
    """A user as sessions need it."""

    user_id: str
    username: str
    is_active: bool
    time_zone: str
    row: Mapping[str, Any]


class Users:
    """Looks users up in the store and keeps their logins."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._logins: dict[str, Login] = {}
        self._zones: dict[str, str] = {}

    def by_username(self, username: str) -> User | None:
        """Find a user by name, in any case."""
        sobject = self._org.schema["User"]
        field_ = sobject.field("Username")
        found = self._org.store.find(sobject, field_, username) if field_ is not None else []
        return self.by_id(found[0]) if found else None

    def by_id(self, user_id: str) -> User | None:
        """Find a user by id."""
        row = self._org.store.get(self._org.schema["User"], user_id)
        if row is None:
            return None
        zone = str(row.get("TimeZoneSidKey") or "GMT")
        return User(user_id, str(row["Username"]), bool(row["IsActive"]), zone, row)

    @property
    def default(self) -> User:
        """The integration user."""
        found = self.by_username(self._org.credentials.username)
        if found is None:
            raise ApiError("INVALID_USER", f"the integration user {self._org.credentials.username} is gone", status=500)
        return found

    def login(self, username: str) -> Login:
        """Return what a user logs in with."""
        with self._lock:
            login = self._logins.get(username.lower())
            if login is None:
                login = self._logins[username.lower()] = self._remembered(username.lower())
            return login

    def _remembered(self, username: str) -> Login:
        """Return the login that the store keeps; what the credentials' options state wins."""
        saved = self._org.store.kept.get(_LOGIN, username)
        login = Login.read(saved) if saved is not None else Login()
        credentials = self._org.credentials
        if username == credentials.username.lower():
            stated = self._org.options.credentials
            for name in ("password", "security_token"):
                if saved is None or stated.get(name):
                    setattr(login, name, getattr(credentials, name))
        return login

    def _keep(self, username: str) -> None:
        self._org.store.kept.save(_LOGIN, username.lower(), self.login(username).value())

    def access(self, username: str) -> Access:
        """Return a user's rights."""
        return self.login(username).access

    def configure(self, username: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change a user.

        `given`: active, password, security_token, certificate, password_expired, locked, delegated_authentication,
        objects, fields, share, view_encrypted, values.
        """
        user = self.by_username(username)
        if user is None:
            user = self._create(username, given)
        values = dict(given.get("values") or {})
        if "active" in given:
            values["IsActive"] = bool(given["active"])
        if values:
            self._change(user.user_id, values)
        login = self.login(username)
        login.stated |= given
        login.password = given.get("password", login.password)
        login.security_token = given.get("security_token", login.security_token)
        login.certificate = given.get("certificate", login.certificate)
        login.password_expired = bool(given.get("password_expired", login.password_expired))
        login.is_locked = bool(given.get("locked", login.is_locked))
        login.uses_gateway = bool(given.get("delegated_authentication", login.uses_gateway))
        login.access = read_access(login.stated)
        self._keep(username)
        return {"user_id": user.user_id, "username": username, "active": values.get("IsActive", user.is_active)}

    def set_password(self, username: str, password: str) -> None:
        """Give a user a new password; it counts as fresh."""
        login = self.login(username)
        login.password, login.password_expired = password, False
        self._keep(username)

    def check_password_age(self, session: Session, *, status: int) -> None:
        """Refuse the calls of who logged in with a password that has expired."""
        if session.by_password and self.login(session.username).password_expired:
            message = (
                "The users password has expired, you must call SetPassword before attempting any other API operations"
            )
            raise ApiError("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", message, status=status)

    def _create(self, username: str, given: Mapping[str, Any]) -> User:
        template = {k: v for k, v in self.default.row.items() if k in {"ProfileId", "TimeZoneSidKey", "LocaleSidKey"}}
        last_name = username.partition("@")[0]
        values = {
            **template,
            "Username": username,
            "LastName": last_name,
            "Email": username,
            "Alias": last_name[:8],
            "IsActive": True,
        }
        sobject = self._org.schema["User"]
        known = {name: value for name, value in values.items() if sobject.stored_field(name) is not None}
        self._apply({"op": "create", "object": "User", "values": known})
        found = self.by_username(username)
        assert found is not None
        return found

    def _change(self, user_id: str, values: Mapping[str, Any]) -> None:
        self._apply({"op": "update", "object": "User", "id": user_id, "values": values})

    def _apply(self, change: Mapping[str, Any]) -> None:
        results = self._org.store.apply([change], user=self.default.user_id, at=self._org.stamp(), raw=True)
        if not results[0]["success"]:
            error = results[0]["errors"][0]
            raise ApiError(error["statusCode"], error["message"])


def read_access(given: Mapping[str, Any]) -> Access:
    """Read the rights of PUT /_sandbox/users/USERNAME."""
    objects = {
        name.lower(): ObjectRights(**{key: bool(value) for key, value in rights.items()})
        for name, rights in (given.get("objects") or {}).items()
    }
    fields = {
        name.lower(): FieldRights(**{key: bool(value) for key, value in rights.items()})
        for name, rights in (given.get("fields") or {}).items()
    }
    share = given.get("share") or {}
    shares = {"*": share} if isinstance(share, str) else {name.lower(): text for name, text in share.items()}
    views = bool(given.get("view_encrypted", False))
    types = {name.lower(): _read_types(rights) for name, rights in (given.get("record_types") or {}).items()}
    is_everything = not (objects or fields or shares)
    return Access(objects, fields, shares, is_everything=is_everything, views_encrypted=views, record_types=types)


def _read_types(rights: Mapping[str, Any]) -> RecordTypeRights:
    available, default = rights.get("available"), rights.get("default")
    return RecordTypeRights(
        available=None if available is None else frozenset(str(name).lower() for name in available),
        default=None if default is None else str(default).lower(),
    )
