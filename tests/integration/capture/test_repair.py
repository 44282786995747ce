"""The repair functions: a row as it stands now, logged again."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from .queries import Session, rows

SFID = "001000000000001AAA"


@pytest.fixture
def row(account: Session) -> Session:
    """A row from Salesforce, not captured."""
    account.execute("SET xmlbinary = 'hex'")
    account.execute(f"INSERT INTO salesforce.account (sfid, name, phone) VALUES ('{SFID}', 'Acme', '1')")
    account.execute("RESET xmlbinary")
    return account


def repaired(session: Session, call: str) -> dict[str, Any]:
    """Call a repair function for every account, and return the one entry with its values as a dict."""
    result = rows(session, f"SELECT salesforce.{call} FROM salesforce.account")
    with session.cursor(row_factory=dict_row) as cursor:
        entry, = cursor.execute('SELECT *, hstore_to_json("values"::hstore) AS given '
                                'FROM salesforce._trigger_log').fetchall()
    assert result == [(entry["id"],)]
    return entry


def test_insert_is_logged_without_excluded_columns_but_with_its_keys(row: Session) -> None:
    entry = repaired(row, "hc_capture_insert_from_row(hstore(account.*), 'account', ARRAY['phone', 'id', 'sfid'])")
    assert (entry["action"], entry["state"], entry["table_name"], entry["sfid"]) == ("INSERT", "NEW", "account", None)
    assert entry["given"]["name"] == "Acme"
    assert {"id", "sfid"} <= set(entry["given"])
    assert not {"phone", "_hc_lastop", "_hc_err"} & set(entry["given"])


@pytest.mark.parametrize(("arguments", "want"), [
    (", ARRAY['name']", {"name"}),
    (", ARRAY['name', '_hc_err']", {"name"}),
    ("", {"name", "phone", "annualrevenue", "ownerid", "external_id__c", "systemmodstamp", "isdeleted", "sfid", "id"}),
])
def test_update_is_logged_with_the_included_columns_or_all(row: Session, arguments: str, want: set[str]) -> None:
    entry = repaired(row, f"hc_capture_update_from_row(hstore(account.*), 'account'{arguments})")
    assert (entry["action"], entry["state"], entry["sfid"], entry["old"]) == ("UPDATE", "NEW", SFID, None)
    assert set(entry["given"]) == want


@pytest.mark.parametrize("function", ["hc_capture_insert_from_row", "hc_capture_update_from_row"])
def test_row_without_an_id_is_not_logged(row: Session, function: str) -> None:
    assert rows(row, f"SELECT salesforce.{function}('name=>x'::hstore, 'account')") == [(None,)]
    assert rows(row, "SELECT count(*) FROM salesforce._trigger_log") == [(0,)]


def test_whoever_may_not_write_the_log_cannot_repair(app: Session) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT salesforce.hc_capture_update_from_row('id=>1'::hstore, 'account')")
