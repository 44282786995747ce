"""IMPORT FOREIGN SCHEMA against an org."""

from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]


def columns(session: Session, table: str) -> dict[str, str]:
    return dict(session.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0", [table]).fetchall())


def tables(session: Session, schema: str) -> set[str]:
    return {name for name, in session.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'f' AND relnamespace = %s::regnamespace", [schema])}


def imported(session: Session, statement: str = "", options: str = "", schema: str = "salesforce") -> None:
    session.execute("CREATE SCHEMA live")
    session.execute(f"IMPORT FOREIGN SCHEMA {schema} {statement} FROM SERVER sf INTO live {options}")


def test_case_53_all_objects_reserved_words_too(org: Sandbox, live: Session) -> None:
    imported(live)
    assert {"account", "user", "order", "case", "group", "opportunitylineitem"} <= tables(live, "live")
    assert live.execute('SELECT count(*) FROM live."order"').fetchone() == (0,)
    assert live.execute('SELECT count(*) > 0 FROM live."user"').fetchone() == (True,)


def test_precise_types(org: Sandbox, live: Session) -> None:
    imported(live, "LIMIT TO (Account)")
    assert columns(live, "live.account").items() >= {
        "id": "character varying(18)", "name": "text", "annualrevenue": "numeric", "numberofemployees": "integer",
        "createddate": "timestamp with time zone", "isdeleted": "boolean", "billingaddress": "jsonb"}.items()


def test_heroku_types_are_the_contracts(org: Sandbox, live: Session) -> None:
    imported(live, "LIMIT TO (account)", "OPTIONS (types 'heroku')")
    found = columns(live, "live.account")
    assert found.items() >= {
        "name": "character varying(255)", "annualrevenue": "double precision", "description": "text",
        "createddate": "timestamp without time zone", "phone": "character varying(40)"}.items()
    assert "billingaddress" not in found


@pytest.mark.parametrize(("statement", "options", "want"), [
    ("LIMIT TO (account, contact)", "", {"account", "contact"}), ('LIMIT TO ("Account")', "", {"Account"}),
    ("LIMIT TO (sf_account)", "OPTIONS (prefix 'sf_')", {"sf_account"})])
def test_limit_to_names_tables(org: Sandbox, live: Session, statement: str, options: str, want: set[str]) -> None:
    imported(live, statement, options)
    assert tables(live, "live") == want


@pytest.mark.parametrize("name", ["account", '"Account"'])
def test_except_leaves_out(org: Sandbox, live: Session, name: str) -> None:
    imported(live, f"EXCEPT ({name})")
    assert {"account"} & tables(live, "live") == set()
    assert "contact" in tables(live, "live")


@pytest.mark.parametrize(("statement", "schema", "options", "sqlstate"), [
    ("LIMIT TO (nope__c)", "salesforce", "", "SF007"), ("", "public", "", "HV00Q"),
    ("", "salesforce", "OPTIONS (typos 'x')", "HV00D"), ("", "salesforce", "OPTIONS (types 'exact')", "HV024"),
    ("LIMIT TO (_nope)", "salesforce_system", "", "SF007"),
    ("", "salesforce_system", "OPTIONS (types 'heroku')", "HV00D")])
def test_wrong_imports_are_refused(
        org: Sandbox, live: Session, statement: str, schema: str, options: str, sqlstate: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        imported(live, statement, options, schema)
    assert caught.value.sqlstate == sqlstate
    assert caught.value.diag.message_hint


def test_new_fields_are_there_after_the_next_import(org: Sandbox, live: Session) -> None:
    imported(live, "LIMIT TO (account)")
    org.call("PATCH", "/objects/Account", {"add_fields": [{"name": "Fresh__c", "type": "double", "scale": 2}]})
    live.execute("DROP SCHEMA live CASCADE")
    imported(live, "LIMIT TO (account)")
    assert columns(live, "live.account")["fresh__c"] == "numeric"
