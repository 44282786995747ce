"""The steps of the narration. Each shows statements with their real output and then checks what it claims."""

from collections.abc import Callable
from functools import partial

from tools.demo.preparation import OWNER, SERVER, Stage, mark
from tools.demo.session import Claims
from tools.sandbox import wait_until

# The account that the narration makes, changes and deletes; what was loaded stays as it was.
NAME = "Paper Kites GmbH"


def heading(text: str) -> None:
    print(f"-- {text}", flush=True)


def install_extension(stage: Stage) -> None:
    heading("As superuser: the extension, the Salesforce org as a foreign server, and a role that owns the connection.")
    stage.admin.show("SET client_min_messages = warning;\nCREATE EXTENSION sffdw CASCADE;")
    stage.admin.show(f"""
        CREATE SERVER {SERVER} FOREIGN DATA WRAPPER multicorn OPTIONS (
            wrapper 'sffdw.SalesforceFdw', login_url '{stage.sandbox.url}', api_version '62.0');""")
    stage.admin.show(f"""
        CREATE USER MAPPING FOR {OWNER} SERVER {SERVER} OPTIONS (
            auth_flow 'client_credentials', client_id '{stage.environment["SF_CLIENT_ID"]}',
            client_secret_file '{stage.secret_file}');""")
    stage.admin.show(f"""
        GRANT USAGE ON FOREIGN SERVER {SERVER} TO {OWNER};
        GRANT CREATE ON DATABASE {stage.environment["PGDATABASE"]} TO {OWNER};
        GRANT USAGE ON SCHEMA cron TO {OWNER};""")


def make_connection(stage: Stage) -> None:
    heading(f"As {OWNER}: a connection, with Heroku Connect's tables and trigger log in schema salesforce.")
    stage.owner.show(f"SELECT sffdw.create_connection('{SERVER}');")
    stage.admin.quiet(f"COMMENT ON SERVER {SERVER} IS '{mark(stage)}'")


def keep_connection(stage: Stage) -> None:
    heading("The connection and its jobs stay from an earlier run; its mappings go, then everything is shown anew.")
    stage.owner.quiet("SELECT sffdw.drop_mapping(object_name, drop_table => true) FROM sffdw.mappings;"
                      "DROP SCHEMA IF EXISTS live CASCADE;"
                      "TRUNCATE salesforce._trigger_log, salesforce._trigger_log_archive")


def make_mappings(stage: Stage, claims: Claims) -> None:
    heading("One local table for each object, all fields, read and write.")
    for name in stage.objects:
        stage.owner.show(f"SELECT sffdw.create_mapping('{name}', '{{*}}', access => 'read_write', "
                         "poll_interval => '5 seconds');")
    stage.owner.show("SELECT object_name, table_name, access, state FROM sffdw.mappings ORDER BY object_name;")
    claims.check(f"{len(stage.objects)} objects are mapped to local tables",
                 lambda: stage.owner.quiet("SELECT count(*) FROM sffdw.mappings") == str(len(stage.objects)))


def schedule(stage: Stage) -> None:
    heading("pg_cron drives it from here on: polls and writes, within a second or so of a change.")
    stage.owner.show("SELECT * FROM sffdw.schedule();")


def query_live(stage: Stage, claims: Claims) -> None:
    heading("Salesforce objects as foreign tables, queried live.")
    tables = ", ".join(f'"{name.lower()}"' for name in stage.objects)
    stage.owner.show(f"""
        CREATE SCHEMA live;
        IMPORT FOREIGN SCHEMA salesforce LIMIT TO ({tables})
            FROM SERVER {SERVER} INTO live;""")
    claims.check("IMPORT FOREIGN SCHEMA makes a foreign table of each object", lambda: stage.owner.quiet(
        "SELECT count(*) FROM information_schema.foreign_tables WHERE foreign_table_schema = 'live'")
        == str(len(stage.objects)))
    subject, field = subject_of(stage)
    first = text_of(stage.sandbox.records(subject)[0][field])
    query = f'SELECT id, {field.lower()} FROM live."{subject.lower()}" WHERE {field.lower()} = {first};'
    plan = stage.owner.show(f"EXPLAIN (VERBOSE, COSTS OFF)\n{query}")
    rows = stage.owner.show(query)
    claims.check("a live query shows the SOQL it sends", lambda: f"FROM {subject} WHERE" in plan and "SOQL:" in plan)
    claims.check("a live query returns what Salesforce holds", lambda: stage.sandbox.records(subject)[0]["Id"] in rows)


def synchronise(stage: Stage, claims: Claims) -> None:
    heading("pg_cron's first tick loads the tables.")
    claims.check("pg_cron loads every mapped object", lambda: wait(
        stage, "SELECT count(*) = 0 FROM sffdw.mappings WHERE state <> 'DATA_SYNCED' OR last_poll_at IS NULL",
        "not every mapping reached DATA_SYNCED"))
    stage.owner.show("SELECT object_name, state, local_count FROM sffdw.mappings ORDER BY object_name;")
    for name in stage.objects:
        expected = sorted(record["Id"] for record in stage.sandbox.records(name))
        claims.check(f"{name}: {len(expected)} records, the same as in Salesforce",
                     partial(holds, stage, name, expected))


def holds(stage: Stage, name: str, ids: list[str]) -> bool:
    """Whether the local table of an object holds exactly these records."""
    return sorted(stage.owner.quiet(f'SELECT sfid FROM salesforce."{name.lower()}"').split()) == ids


def write_locally(stage: Stage, claims: Claims) -> None:
    heading("An application writes to the local table: Salesforce gets the record, the row gets its Salesforce Id.")
    stage.owner.show(f"INSERT INTO salesforce.account (name, phone) VALUES ('{NAME}', '+49 30 5550199');")
    claims.check("a local INSERT arrives in Salesforce, once, and the row has its sfid", lambda: wait(
        stage, f"SELECT sfid IS NOT NULL FROM salesforce.account WHERE name = '{NAME}'", "the row got no sfid")
        and [account["Id"] for account in accounts(stage)]
        == [stage.owner.quiet(f"SELECT sfid FROM salesforce.account WHERE name = '{NAME}'")])
    stage.owner.show(f"UPDATE salesforce.account SET phone = '+49 30 5550200' WHERE name = '{NAME}';")
    claims.check("a local UPDATE arrives in Salesforce", lambda: wait(
        stage, f"SELECT _hc_lastop IN ('UPDATED', 'SYNCED') FROM salesforce.account WHERE name = '{NAME}'",
        "the update was not sent") and [account["Phone"] for account in accounts(stage)] == ["+49 30 5550200"])
    stage.owner.show(f"SELECT id, sfid, name, phone, _hc_lastop FROM salesforce.account WHERE name = '{NAME}';")
    stage.owner.show("""
        SELECT id, action, state, sf_result, "values" FROM (
            SELECT * FROM salesforce._trigger_log UNION ALL SELECT * FROM salesforce._trigger_log_archive) AS log
        WHERE table_name = 'account' AND action = 'UPDATE' ORDER BY id DESC LIMIT 1;""")


def change_in_salesforce(stage: Stage, claims: Claims) -> None:
    heading("Somebody changes that account in Salesforce; the local row follows.")
    stage.sandbox.change({"op": "update", "object": "Account", "id": accounts(stage)[0]["Id"],
                          "values": {"Website": "https://kites.example"}})
    claims.check("a change made in Salesforce arrives in the local table", lambda: wait(
        stage, f"SELECT website = 'https://kites.example' FROM salesforce.account WHERE name = '{NAME}'",
        "the change did not arrive"))
    stage.owner.show(f"SELECT sfid, website, _hc_lastop FROM salesforce.account WHERE name = '{NAME}';")


def reject_and_repair(stage: Stage, claims: Claims) -> None:
    heading("A write that Salesforce refuses: the row says so, the log says why.")
    contact = "FROM salesforce.contact WHERE lastname = 'Vogel'"
    stage.owner.show(f"""
        INSERT INTO salesforce.contact (lastname, email, accountid)
        SELECT 'Vogel', 'vogel@kites.example', sfid FROM salesforce.account WHERE name = '{NAME}';""")
    claims.check("a child refers to the record just created", lambda: wait(
        stage, f"SELECT sfid IS NOT NULL {contact}", "the row got no sfid"))
    stage.owner.show("UPDATE salesforce.contact SET email = 'vogel at kites' WHERE lastname = 'Vogel';")
    claims.check("a write that Salesforce rejects is FAILED, with Salesforce's reason", lambda: wait(
        stage, f"SELECT _hc_lastop = 'FAILED' AND _hc_err::jsonb ->> 'code' = 'INVALID_EMAIL_ADDRESS' {contact}",
        "the row does not say FAILED"))
    stage.owner.show("SELECT entry_id, table_name, action, status_code, message, remedy FROM sffdw.write_errors;")
    heading("Repaired without being captured (xmlbinary = hex), then captured again as it stands now.")
    stage.owner.show(f"""
        SET xmlbinary = 'hex';
        UPDATE salesforce.contact SET email = 'vogel@paperkites.example' WHERE lastname = 'Vogel';
        RESET xmlbinary;
        SELECT salesforce.hc_capture_update_from_row(hstore(contact.*), 'contact', ARRAY['email'])
        {contact};""")
    claims.check("the repaired write arrives in Salesforce", lambda: wait_for_org(stage, lambda: [
        record["Email"] for record in stage.sandbox.records("Contact") if record["LastName"] == "Vogel"
    ] == ["vogel@paperkites.example"]) and wait(
        stage, f"SELECT _hc_lastop IN ('UPDATED', 'SYNCED') AND _hc_err IS NULL {contact}", "the row says FAILED"))


def delete_both_ways(stage: Stage, claims: Claims) -> None:
    heading("Deletes travel both ways.")
    stage.owner.show("DELETE FROM salesforce.contact WHERE lastname = 'Vogel';")
    claims.check("a local DELETE puts the record into Salesforce's recycle bin", lambda: wait_for_org(
        stage, lambda: all(contact["LastName"] != "Vogel" for contact in stage.sandbox.records("Contact"))))
    record = accounts(stage)[0]["Id"]
    stage.sandbox.change({"op": "delete", "object": "Account", "id": record})
    claims.check("a record deleted in Salesforce leaves the local table", lambda: wait(
        stage, f"SELECT NOT EXISTS (SELECT FROM salesforce.account WHERE sfid = '{record}')",
        "the row is still there"))


def wait(stage: Stage, condition: str, failure: str) -> bool:
    stage.owner.wait_for(condition, stage.patience, failure)
    return True


def wait_for_org(stage: Stage, condition: Callable[[], bool]) -> bool:
    wait_until(condition, stage.patience, "Salesforce does not hold what it should", every=0.2)
    return True


def accounts(stage: Stage) -> list[dict[str, str]]:
    return [record for record in stage.sandbox.records("Account") if record["Name"] == NAME]


def text_of(value: object) -> str:
    """A SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def subject_of(stage: Stage) -> tuple[str, str]:
    """The object and text field that the live query reads: a custom object before a standard one, Name before others.

    The first record of the object has a value in the field.
    """
    for name in sorted(stage.objects, key=lambda name: (not name.endswith("__c"), name)):
        records = stage.sandbox.records(name)
        fields = stage.owner.quiet(f"""
            SELECT field_name FROM salesforce_live._fields
            WHERE object_name = '{name}' AND type IN ('string', 'email', 'phone') AND filterable AND NOT calculated
            ORDER BY field_name <> 'Name', field_name""")
        for field in fields.split():
            if records and records[0].get(field):
                return name, field
    raise RuntimeError("no loaded object has a text field with a value")
