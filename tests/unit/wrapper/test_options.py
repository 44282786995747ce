"""Options: where each is legal, what it may be, and who may set it."""

import pytest

from sffdw import options
from sffdw.errors import Error

MAPPING = {"auth_flow": "client_credentials", "client_id": "app", "client_secret": "hush"}


def validate(given: dict[str, str], context: str, *, is_superuser: bool = False, roles: tuple[str, ...] = ()) -> None:
    options.validate(given, context, is_superuser=lambda: is_superuser, has_role=lambda name: name in roles)


LEGAL = [
    ("server", {"wrapper": "sffdw.SalesforceFdw", "login_url": "https://acme.my.salesforce.com"}),
    ("server", {"login_url": "http://127.0.0.1:8080"}),
    ("server", {"login_url": "http://localhost"}),
    ("server", {"login_url": "http://[::1]:80/"}),
    ("server", {"api_version": "62.0", "connect_timeout": "0.5", "read_timeout": "600", "transport": "bulk"}),
    ("server", {"api_budget_percent": "80"}),
    ("table", {"object": "Invoice__c", "all_or_none": "false", "batch_size": "200"}),
    ("table", {"object": "_soql"}),
    ("column", {"field": "AccountNumber"}),
    ("column", {"field": "Owner.Name"}),
    ("user_mapping", MAPPING),
    ("user_mapping", {"auth_flow": "token", "access_token": "t", "instance_url": "https://acme.my.salesforce.com"}),
    ("user_mapping", {"auth_flow": "password", "client_id": "a", "client_secret": "b", "username": "u",
                      "password": "p"}),
]


@pytest.mark.parametrize(("context", "given"), LEGAL)
def test_legal_options_are_accepted(context: str, given: dict[str, str]) -> None:
    validate(given, context)


ILLEGAL = [
    ("server", {"object": "Account"}, "HV00D", 'invalid option "object"'),
    ("server", {"login_ur": "https://x"}, "HV00D", 'invalid option "login_ur"'),
    ("table", {"login_url": "https://x"}, "HV00D", 'invalid option "login_url"'),
    ("column", {"client_secret": "s"}, "HV00D", 'invalid option "client_secret"'),
    ("user_mapping", {"types": "heroku"}, "HV00D", 'invalid option "types"'),
    ("server", {"login_url": "http://acme.my.salesforce.com"}, "HV024", "login_url"),
    ("server", {"login_url": "http://127.0.0.1.evil.example"}, "HV024", "login_url"),
    ("server", {"login_url": "http://10.0.0.1"}, "HV024", "login_url"),
    ("server", {"login_url": "https://user:pw@acme.my.salesforce.com"}, "HV024", "login_url"),
    ("server", {"login_url": "https://acme.my.salesforce.com/path"}, "HV024", "login_url"),
    ("server", {"login_url": "https://acme.my.salesforce.com:port"}, "HV024", "login_url"),
    ("server", {"login_url": "ftp://127.0.0.1"}, "HV024", "login_url"),
    ("server", {"api_version": "62"}, "HV024", "api_version"),
    ("server", {"api_version": "30.0"}, "HV024", "api_version"),
    ("server", {"connect_timeout": "0"}, "HV024", "connect_timeout"),
    ("server", {"read_timeout": "1e3"}, "HV024", "read_timeout"),
    ("server", {"api_budget_percent": "101"}, "HV024", "api_budget_percent"),
    ("server", {"transport": "soap"}, "HV024", "transport"),
    ("server", {"spool_directory": "relative"}, "HV024", "spool_directory"),
    ("table", {"object": "Account; DROP"}, "HV024", "object"),
    ("table", {"object": "Account", "batch_size": "201"}, "HV024", "batch_size"),
    ("table", {"object": "Account", "all_or_none": "maybe"}, "HV024", "all_or_none"),
    ("column", {"field": "Name FROM Account"}, "HV024", "field"),
    ("user_mapping", {}, "HV00J", "auth_flow"),
    ("user_mapping", {"auth_flow": "magic"}, "HV024", "auth_flow"),
    ("user_mapping", {"auth_flow": "client_credentials", "client_id": "a"}, "HV00J", "client_secret"),
    ("user_mapping", {"auth_flow": "refresh_token", "client_id": "a"}, "HV00J", "refresh_token"),
    ("user_mapping", {"auth_flow": "token", "access_token": "t"}, "HV00J", "instance_url"),
    ("user_mapping", MAPPING | {"client_secret": ""}, "HV024", "client_secret"),
]


@pytest.mark.parametrize(("context", "given", "sqlstate", "names"), ILLEGAL)
def test_illegal_options_are_refused_by_name(context: str, given: dict[str, str], sqlstate: str, names: str) -> None:
    with pytest.raises(Error) as caught:
        validate(given, context, is_superuser=True)
    assert caught.value.sqlstate == sqlstate
    assert names in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_unknown_option_is_answered_with_the_valid_ones() -> None:
    with pytest.raises(Error) as caught:
        validate({"tabel": "x"}, "table")
    assert caught.value.hint == "Valid options in this context are: object, all_or_none, batch_size"


@pytest.mark.parametrize(("name", "role"), [
    ("client_secret_file", options.READ_FILES_ROLE), ("password_file", options.READ_FILES_ROLE),
    ("refresh_token_file", options.READ_FILES_ROLE), ("private_key_file", options.READ_FILES_ROLE)])
def test_files_are_for_superusers_and_the_role_that_reads_files(name: str, role: str) -> None:
    given = {"auth_flow": "token", "access_token": "t", "instance_url": "https://a.my.salesforce.com", name: "/key"}
    with pytest.raises(Error) as caught:
        validate(given, "user_mapping")
    assert caught.value.sqlstate == "42501"
    validate(given, "user_mapping", is_superuser=True)
    validate(given, "user_mapping", roles=(role,))


def test_each_option_is_legal_in_one_context_only() -> None:
    assert len(options.BY_NAME) == len(options.OPTIONS)
    assert {option.context for option in options.OPTIONS} == set(options.CONTEXTS)


def test_a_secret_and_its_file_exclude_each_other() -> None:
    with pytest.raises(Error, match='"client_secret" and "client_secret_file"'):
        validate(MAPPING | {"client_secret_file": "/f"}, "user_mapping", is_superuser=True)


def test_secrets_are_never_shown() -> None:
    settings = options.settings_of(MAPPING | {"wrapper": "w", "login_url": "http://127.0.0.1"})
    assert "hush" not in repr(settings)
    secrets = [option.name for option in options.OPTIONS if option.is_secret]
    assert sorted(secrets) == ["access_token", "client_secret", "password", "refresh_token", "security_token"]
    shown = repr(options.Credentials("token", **dict.fromkeys(secrets, "s3cr3t")))
    assert "s3cr3t" not in shown


def test_the_session_key_depends_on_the_secret_but_does_not_hold_it() -> None:
    one = options.settings_of(MAPPING | {"login_url": "http://127.0.0.1"})
    other = options.settings_of(MAPPING | {"login_url": "http://127.0.0.1", "client_secret": "other"})
    assert one.key() != other.key()
    assert "hush" not in one.key()


def test_a_user_without_user_mapping_is_told_so() -> None:
    with pytest.raises(Error) as caught:
        options.settings_of({"wrapper": "w", "login_url": "http://127.0.0.1"})
    assert caught.value.sqlstate == "HV00J"
    assert "user mapping" in str(caught.value)


def test_client_credentials_need_the_orgs_own_domain() -> None:
    with pytest.raises(Error) as caught:
        options.settings_of(MAPPING)
    assert "login_url" in str(caught.value)
    assert "my.salesforce.com" in str(caught.value.hint)


def test_a_token_goes_to_this_machine_only_where_the_server_does() -> None:
    """Else every user of the server could have PostgreSQL call what listens on its own machine."""
    given = {"auth_flow": "token", "access_token": "t", "instance_url": "http://127.0.0.1:80"}
    settings = options.settings_of(given | {"login_url": "http://localhost"})
    assert settings.credentials.instance_url == given["instance_url"]
    for login in ({}, {"login_url": "https://acme.my.salesforce.com"}):
        with pytest.raises(Error, match='"instance_url"'):
            options.settings_of(given | login)
