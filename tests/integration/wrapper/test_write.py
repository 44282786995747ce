"""INSERT, UPDATE and DELETE on live tables: Salesforce answers before the statement ends."""

from typing import Any

import psycopg
import pytest

from tools.sandbox import Sandbox

Session = psycopg.Connection[Any]


def names(org: Sandbox) -> list[str]:
    return sorted(str(record["Name"]) for record in org.records("Account"))


def refused(session: Session, statement: str, *values: Any) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        session.execute(statement, values)
    return caught.value


def test_insert_returns_the_id(tables: Session, org: Sandbox, calls: Any) -> None:
    calls()
    rows = tables.execute("INSERT INTO account (name, numberofemployees, annualrevenue) "
                          "VALUES ('one', 5, 10.10), ('two', NULL, NULL) RETURNING id, name").fetchall()
    stored = {record["Id"]: record["Name"] for record in org.records("Account")}
    assert dict(rows) == stored
    assert calls() == {"collections": 2}


def test_case_69_many_rows_go_200_at_a_time(tables: Session, org: Sandbox, calls: Any) -> None:
    calls()
    tables.execute("INSERT INTO account (name, description) SELECT 'n' || n, E'a \"b\" \\n日本' FROM "
                   "generate_series(1, 450) n")
    assert len(names(org)) == 450
    assert calls() == {"collections": 3}
    assert org.records("Account")[7]["Description"] == 'a "b" \n日本'
    tables.execute("UPDATE account SET name = 'm' || name, phone = '1' WHERE name LIKE 'n%'")
    assert {record["Phone"] for record in org.records("Account")} == {"1"}
    assert calls()["collections"] == 3
    tables.execute("DELETE FROM account WHERE name LIKE 'mn4%'")
    assert len(names(org)) == 450 - 62
    assert calls()["collections"] == 1


def test_copy_arrives_in_batches(tables: Session, org: Sandbox, calls: Any) -> None:
    calls()
    with tables.cursor() as cursor, cursor.copy("COPY account (name) FROM STDIN") as copy:
        for number in range(300):
            copy.write_row([f"n{number}"])
    assert len(names(org)) == 300
    assert calls()["collections"] == 2


def test_values_are_stored_exactly_whatever_the_time_zone(tables: Session, org: Sandbox) -> None:
    tables.execute("SET timezone = 'Asia/Kolkata'")
    tables.execute("INSERT INTO opportunity (name, stagename, closedate, amount) "
                   "VALUES ('x', 'Prospecting', '2025-01-02', 123456789012.34)")
    record, = org.records("Opportunity")
    assert (record["CloseDate"], record["Amount"]) == ("2025-01-02", 123456789012.34)


def test_an_update_sends_only_what_is_assigned(tables: Session, org: Sandbox) -> None:
    tables.execute("INSERT INTO account (name, phone, fax) VALUES ('x', '1', '2')")
    record_id = org.records("Account")[0]["Id"]
    with tables.transaction():
        tables.execute("DECLARE c CURSOR FOR SELECT * FROM account")
        org.change({"op": "update", "object": "Account", "id": record_id, "values": {"Fax": "changed meanwhile"}})
        tables.execute("UPDATE account SET phone = NULL WHERE id = %s", [record_id])
    record, = org.records("Account")
    assert (record["Name"], record["Phone"], record["Fax"]) == ("x", None, "changed meanwhile")


def test_a_rejected_row_fails_its_statement_and_stores_nothing(tables: Session, org: Sandbox) -> None:
    error = refused(tables, "INSERT INTO account (name) VALUES ('ok'), (NULL), ('ok too')")
    assert error.sqlstate == "SF010"
    assert "REQUIRED_FIELD_MISSING" in str(error.diag.message_detail)
    assert "row 2 of the statement. No row was stored." in str(error.diag.message_detail)
    assert error.diag.message_hint
    assert names(org) == []


def test_a_rejection_tells_what_earlier_requests_stored(tables: Session, org: Sandbox) -> None:
    error = refused(tables, "INSERT INTO account (name) SELECT CASE WHEN n <> 205 THEN 'n' || n END "
                            "FROM generate_series(1, 210) n")
    assert "row 205 of the statement. 200 rows were already stored." in str(error.diag.message_detail)
    assert len(names(org)) == 200


def test_a_table_may_store_what_it_can(tables: Session, org: Sandbox) -> None:
    tables.execute("ALTER FOREIGN TABLE account OPTIONS (ADD all_or_none 'false', ADD batch_size '10')")
    error = refused(tables, "INSERT INTO account (name) VALUES ('ok'), (NULL), ('ok too')")
    assert error.sqlstate == "SF010"
    assert "2 rows were already stored." in str(error.diag.message_detail)
    assert names(org) == ["ok", "ok too"]


def test_a_locked_row_has_its_own_sqlstate(tables: Session, org: Sandbox, fault: Any) -> None:
    fault("row.locked")
    assert refused(tables, "INSERT INTO contact (lastname) VALUES ('x')").sqlstate == "SF011"


@pytest.mark.parametrize(("statement", "column"), [
    ("INSERT INTO account (name, createddate) VALUES ('x', now())", "createddate"),
    ("INSERT INTO account (id, name) VALUES ('001000000000000AAA', 'x')", "id"),
    ("INSERT INTO account (name, billingaddress) VALUES ('x', '{}')", "billingaddress"),
    ("INSERT INTO account (name, _scope) VALUES ('x', 'all')", "_scope"),
    ("UPDATE account SET systemmodstamp = now()", "systemmodstamp"), ("UPDATE account SET id = 'x'", "id")])
def test_columns_that_salesforce_sets_are_refused(tables: Session, org: Sandbox, statement: str, column: str) -> None:
    org.change({"op": "create", "object": "Account", "values": {"Name": "there"}})
    error = refused(tables, statement)
    assert error.sqlstate == "428C9"
    assert f'"{column}"' in str(error)
    assert names(org) == ["there"]


def test_what_a_savepoint_takes_back_before_it_was_sent_is_not_sent(tables: Session, org: Sandbox) -> None:
    org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(3)))
    with tables.transaction():
        with pytest.raises(psycopg.Error), tables.transaction():
            tables.execute("UPDATE account SET name = 'changed' WHERE 1 / (length(name) - 2 + (name < 'n2')::int) "
                           "IS NOT NULL")
        tables.execute("UPDATE account SET phone = '1' WHERE name = 'n1'")
    assert names(org) == ["n0", "n1", "n2"]
    assert [record["Phone"] for record in org.records("Account")] == [None, "1", None]


def test_a_savepoint_inside_a_called_function_leaves_the_statements_rows_alone(tables: Session, org: Sandbox) -> None:
    org.change(*({"op": "create", "object": "Account", "values": {"Name": f"n{n}"}} for n in range(3)))
    tables.execute("""
        CREATE FUNCTION live.careful(name text) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 / 0;
        EXCEPTION WHEN division_by_zero THEN
            RETURN name || '!';
        END $$""")
    tables.execute("UPDATE account SET name = live.careful(name)")
    assert names(org) == ["n0!", "n1!", "n2!"]


def test_a_row_trigger_that_changes_values_has_only_what_differs_sent(tables: Session, org: Sandbox) -> None:
    tables.execute("INSERT INTO account (name, phone, annualrevenue) VALUES ('x', '1', 5)")
    tables.execute("""
        CREATE FUNCTION live.shout() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.name := upper(NEW.name);
            RETURN NEW;
        END $$""")
    tables.execute("CREATE TRIGGER shout BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION live.shout()")
    tables.execute("UPDATE account SET fax = '2'")
    record, = org.records("Account")
    assert (record["Name"], record["Phone"], record["Fax"], record["AnnualRevenue"]) == ("X", "1", "2", 5)


def test_case_70_a_lost_reply_is_said_to_be_in_doubt(tables: Session, org: Sandbox, fault: Any) -> None:
    fault("reply.lost", kind="collections", calls="1")
    error = refused(tables, "INSERT INTO account (name) VALUES ('x')")
    assert error.sqlstate == "SF012"
    assert error.diag.message_hint


def test_triggers_and_joins_see_live_tables_like_any(tables: Session, org: Sandbox) -> None:
    tables.execute("CREATE TABLE staged (name text); INSERT INTO staged SELECT 's' || n FROM generate_series(1, 3) n")
    tables.execute("INSERT INTO account (name) SELECT name FROM staged")
    tables.execute("UPDATE account a SET phone = s.name FROM staged s WHERE a.name = s.name")
    assert [record["Phone"] for record in org.records("Account")] == ["s1", "s2", "s3"]
    tables.execute("DELETE FROM account a USING staged s WHERE a.name = s.name AND s.name <> 's2'")
    assert names(org) == ["s2"]
