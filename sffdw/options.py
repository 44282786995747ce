"""The one table of options: where each is legal, how it is checked, what it defaults to.

The validator of the foreign data wrapper runs in pg_restore and pg_upgrade: this module does no network, reads no file
and imports nothing but errors.py. Secrets are held in fields that repr never shows.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sffdw.errors import OptionError, OptionForbidden, OptionMissing, OptionValueError

CONTEXTS = ("server", "user_mapping", "table", "column", "import")
FLOWS = ("client_credentials", "jwt", "refresh_token", "password", "token")
OLDEST_API_VERSION = 31
NEWEST_API_VERSION = 99
MAX_TIMEOUT_S = 3600.0
MAX_BATCH = 200
# An org answers at most 25 requests of more than 20 seconds at once, from whomever they come.
MAX_PARALLEL = 10
READ_FILES_ROLE = "pg_read_server_files"
WRITE_FILES_ROLE = "pg_write_server_files"

Check = Callable[[str, str], object]


def any_text(name: str, text: str) -> str:
    if not text.strip():
        raise OptionValueError(f'option "{name}" must not be empty')
    return text


def one_of(*allowed: str) -> Check:
    def check(name: str, text: str) -> str:
        if text not in allowed:
            raise OptionValueError(f'invalid value for option "{name}": "{text}"',
                                   hint=f"Valid values are: {', '.join(allowed)}.")
        return text
    return check


def boolean(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in ("true", "on", "yes", "1"):
        return True
    if word in ("false", "off", "no", "0"):
        return False
    raise OptionValueError(f'invalid value for option "{name}": "{text}"', hint="Valid values are: true, false.")


def integer_between(low: int, high: int) -> Check:
    def check(name: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text.strip()) or not low <= int(text) <= high:
            raise OptionValueError(f'invalid value for option "{name}": "{text}"',
                                   hint=f"It must be a whole number from {low} to {high}.")
        return int(text)
    return check


def seconds(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text.strip()) or not 0 < float(text) <= MAX_TIMEOUT_S:
        raise OptionValueError(f'invalid value for option "{name}": "{text}"',
                               hint=f"It must be a number of seconds above 0, at most {MAX_TIMEOUT_S:.0f}.")
    return float(text)


def api_version(name: str, text: str) -> str:
    form = re.fullmatch(r"v?([0-9]{1,3})\.0", text.strip())
    if form is None or not OLDEST_API_VERSION <= int(form.group(1)) <= NEWEST_API_VERSION:
        raise OptionValueError(
            f'invalid value for option "{name}": "{text}"',
            hint=f"It must be an API version of Salesforce, {OLDEST_API_VERSION}.0 or later, written like 62.0.")
    return f"{form.group(1)}.0"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(name: str, text: str) -> str:
    """A URL without path: https, or plain http to a loopback address. Returned without trailing slash."""
    hint = "It must look like https://mycompany.my.salesforce.com; plain http is allowed to loopback addresses only."
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise OptionValueError(f'invalid URL in option "{name}"', hint=hint) from None
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not (host and is_bare and is_allowed and re.fullmatch(r"[A-Za-z0-9.:-]+", host)):
        raise OptionValueError(f'invalid URL in option "{name}"', hint=hint)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def absolute_path(name: str, text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise OptionValueError(f'option "{name}" must be an absolute path')
    return text


def object_name(name: str, text: str) -> str:
    """An API name, or a system table's name; the form makes it safe inside a SOQL statement."""
    if not re.fullmatch(r"_?[A-Za-z][A-Za-z0-9_]{0,254}", text):
        raise OptionValueError(f'invalid value for option "{name}": "{text}"',
                               hint="It must be the API name of an object, such as Account or Invoice__c.")
    return text


def field_path(name: str, text: str) -> str:
    """An API name or a path of relationships that ends in one; safe inside a SOQL statement."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,254}(\.[A-Za-z][A-Za-z0-9_]{0,254}){0,5}", text):
        raise OptionValueError(f'invalid value for option "{name}": "{text}"',
                               hint="It must be the API name of a field, such as AccountNumber or Region__c.")
    return text


@dataclass(frozen=True)
class Option:
    """role: a predefined role without which the option may not be set, except by superusers."""

    name: str
    context: str
    check: Check = any_text
    role: str | None = None
    is_secret: bool = False


OPTIONS = (
    Option("wrapper", "server"),
    Option("login_url", "server", base_url),
    Option("api_version", "server", api_version),
    Option("connect_timeout", "server", seconds),
    Option("read_timeout", "server", seconds),
    Option("api_budget_percent", "server", integer_between(1, 100)),
    Option("transport", "server", one_of("auto", "rest", "bulk")),
    Option("large_query_threshold", "server", integer_between(1, 999_999_999)),
    Option("parallel_requests", "server", integer_between(1, MAX_PARALLEL)),
    Option("use_assignment_rules", "server", boolean),
    Option("spool_directory", "server", absolute_path, role=WRITE_FILES_ROLE),
    Option("ca_file", "server", absolute_path, role=READ_FILES_ROLE),
    Option("auth_flow", "user_mapping", one_of(*FLOWS)),
    Option("client_id", "user_mapping"),
    Option("client_secret", "user_mapping", is_secret=True),
    Option("username", "user_mapping"),
    Option("password", "user_mapping", is_secret=True),
    Option("security_token", "user_mapping", is_secret=True),
    Option("refresh_token", "user_mapping", is_secret=True),
    Option("access_token", "user_mapping", is_secret=True),
    Option("instance_url", "user_mapping", base_url),
    Option("client_secret_file", "user_mapping", absolute_path, role=READ_FILES_ROLE),
    Option("password_file", "user_mapping", absolute_path, role=READ_FILES_ROLE),
    Option("refresh_token_file", "user_mapping", absolute_path, role=READ_FILES_ROLE),
    Option("private_key_file", "user_mapping", absolute_path, role=READ_FILES_ROLE),
    Option("object", "table", object_name),
    Option("all_or_none", "table", boolean),
    Option("batch_size", "table", integer_between(1, MAX_BATCH)),
    Option("field", "column", field_path),
    Option("types", "import", one_of("precise", "heroku")),
    Option("prefix", "import"),
    Option("system_columns", "import", boolean),
)
BY_NAME = {option.name: option for option in OPTIONS}

# What each flow cannot do without. An alternative is written a|b: exactly one of them.
REQUIRED = {
    "client_credentials": ("client_id", "client_secret|client_secret_file"),
    "jwt": ("client_id", "username", "private_key_file"),
    "refresh_token": ("client_id", "refresh_token|refresh_token_file"),
    "password": ("client_id", "client_secret|client_secret_file", "username", "password|password_file"),
    "token": ("access_token", "instance_url"),
}
EXCLUSIVE = (("client_secret", "client_secret_file"), ("password", "password_file"),
             ("refresh_token", "refresh_token_file"))


def checked(options: Mapping[str, str], *contexts: str) -> dict[str, object]:
    """Return the options' values in their Python types; refuse unknown names, wrong contexts and wrong values."""
    return {name: _legal(name, contexts).check(name, value) for name, value in options.items()}


def _legal(name: str, contexts: tuple[str, ...]) -> Option:
    option = BY_NAME.get(name)
    if option is None or option.context not in contexts:
        valid = ", ".join(option.name for option in OPTIONS if option.context in contexts)
        raise OptionError(f'invalid option "{name}"', hint=f"Valid options in this context are: {valid}")
    return option


def validate(options: Mapping[str, str], context: str, *, is_superuser: Callable[[], bool],
             has_role: Callable[[str], bool]) -> None:
    """Check what CREATE or ALTER gives for one context: names, values, privileges and, where known, completeness."""
    checked(options, context)
    for name in options:
        role = BY_NAME[name].role
        if role is not None and not (is_superuser() or has_role(role)):
            raise OptionForbidden(f'permission denied to set option "{name}"',
                                  hint=f"Only superusers and members of {role} may set this option.")
    if context == "user_mapping":
        require_flow(options)


def require_flow(options: Mapping[str, str]) -> None:
    """Refuse a user mapping that lacks what its auth_flow needs."""
    flow = options.get("auth_flow")
    if flow is None:
        raise OptionMissing('option "auth_flow" is required in the user mapping',
                            hint=f"Valid values are: {', '.join(FLOWS)}.")
    for first, second in EXCLUSIVE:
        if first in options and second in options:
            raise OptionError(f'options "{first}" and "{second}" exclude each other', hint=f'Drop option "{first}".')
    for alternatives in REQUIRED[flow]:
        names = alternatives.split("|")
        if not any(name in options for name in names):
            raise OptionMissing(f'option "{names[0]}" is required for auth_flow "{flow}"', hint=_needs(flow))


def _needs(flow: str) -> str:
    listed = ", ".join(alternatives.replace("|", " or ") for alternatives in REQUIRED[flow])
    return f"The flow {flow} needs these options of the user mapping: {listed}."


@dataclass(frozen=True)
class Credentials:
    """The user mapping. Files are named, not read; nothing secret is ever shown."""

    auth_flow: str
    client_id: str = ""
    username: str = ""
    instance_url: str = ""
    client_secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    client_secret_file: str = ""
    password_file: str = ""
    refresh_token_file: str = ""
    private_key_file: str = ""

    def digest(self) -> str:
        """A name for these credentials that gives nothing away: who shares it knows the same secrets."""
        values = "\0".join(f"{name}={value}" for name, value in sorted(vars(self).items()))
        return hashlib.sha256(values.encode()).hexdigest()


@dataclass(frozen=True)
class Settings:
    """Server and user mapping together: all that is needed to reach an org."""

    credentials: Credentials
    login_url: str = "https://login.salesforce.com"
    api_version: str = "62.0"
    connect_timeout: float = 10.0
    read_timeout: float = 150.0
    api_budget_percent: int = 95
    transport: str = "auto"
    large_query_threshold: int = 10_000
    parallel_requests: int = 10
    use_assignment_rules: bool = False
    spool_directory: str = "pgsql_tmp_sffdw"
    ca_file: str = ""

    def key(self) -> str:
        """Same key: same login host, user and secrets, hence the same session."""
        return hashlib.sha256(f"{self.login_url}\0{self.credentials.digest()}".encode()).hexdigest()[:40]


@dataclass(frozen=True)
class TableOptions:
    object: str
    all_or_none: bool = True
    batch_size: int = MAX_BATCH


def settings_of(options: Mapping[str, str]) -> Settings:
    """Parse the merged options of a host (server, user mapping and table in one); complain of what is missing."""
    values = checked(options, "server", "user_mapping", "table")
    user = {name: value for name, value in options.items() if BY_NAME[name].context == "user_mapping"}
    if not user:
        raise OptionMissing("the current user has no user mapping for the foreign server",
                            hint="Make one (CREATE USER MAPPING FOR user SERVER server OPTIONS (auth_flow …, "
                                 "client_id …)), or work as a role that has one.")
    require_flow(user)
    credentials = Credentials(**{name: str(values[name]) for name in user})
    own = {name: value for name, value in values.items() if BY_NAME[name].context == "server" and name != "wrapper"}
    settings = Settings(credentials, **own)  # type: ignore[arg-type]
    host = urlsplit(settings.login_url).hostname
    if credentials.instance_url.startswith("http:") and not settings.login_url.startswith("http:"):
        # The server's owner decides whether the server may talk to itself, not each user of it.
        raise OptionValueError('invalid URL in option "instance_url"',
                               hint="It must be https, unless the foreign server's login_url is plain http as well.")
    if credentials.auth_flow == "client_credentials" and host in ("login.salesforce.com", "test.salesforce.com"):
        raise OptionValueError(f'auth_flow "client_credentials" does not work with login_url "{settings.login_url}"',
                               hint="This flow works on the org's own domain only: https://NAME.my.salesforce.com.")
    return settings


def table_options_of(options: Mapping[str, str]) -> TableOptions:
    """Parse the table's share of the merged options."""
    values = {name: value for name, value in checked(options, "server", "user_mapping", "table").items()
              if BY_NAME[name].context == "table"}
    if "object" not in values:
        raise OptionMissing('option "object" is required on a foreign table',
                            hint="It names the Salesforce object, such as object 'Account'.")
    return TableOptions(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class ImportOptions:
    types: str = "precise"
    prefix: str = ""
    system_columns: bool = False


def import_options_of(options: Mapping[str, str]) -> ImportOptions:
    return ImportOptions(**checked(options, "import"))  # type: ignore[arg-type]
