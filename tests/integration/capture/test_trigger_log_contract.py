"""The trigger log by its contract, one case a row of it: what is written, how, and what the repair functions write.

Each case is a row of the contract: statements of an app, and a condition on the entry (l) that they leave last, in a
transaction that is rolled back.
"""

from .queries import Session, rows

SFID = "001000000000001AAA"
INSERT = "INSERT INTO salesforce.account (name, phone) VALUES ('new', NULL)"
UPDATE = "UPDATE salesforce.account SET name = 'changed', phone = NULL WHERE name = 'known'"
NOTHING = "UPDATE salesforce.account SET name = name WHERE name = 'known'"
DELETE = "DELETE FROM salesforce.account WHERE name = 'known'"
DELETE_UNKNOWN = "DELETE FROM salesforce.account WHERE name = 'unknown'"
READ_ONLY = "SELECT sffdw.create_logger('salesforce', 'account', 'public', 'read_only'); "
CAPTURE_INSERT = "SELECT salesforce.hc_capture_insert_from_row(hstore(t.*), 'account'{}) FROM salesforce.account t " \
                 "WHERE name = 'known'"
CAPTURE_UPDATE = CAPTURE_INSERT.replace("capture_insert", "capture_update")
KNOWN = f"(SELECT a FROM salesforce.account a WHERE a.sfid = '{SFID}')"
VALUES = 'l."values"::hstore'
# What hstore(row) has and the log has not.
OWN = "ARRAY['_hc_lastop', '_hc_err']"
ALL_OF_KNOWN = f"hstore({KNOWN}) - {OWN}"

# Row of the contract (section, field or rule), what an app does, what must hold of the entry.
CASES = [
    ("2.2 id", INSERT, "l.id = (SELECT last_value FROM salesforce._trigger_log_id_seq)"),
    ("2.2 action of an INSERT", INSERT, "l.action = 'INSERT'"),
    ("2.2 action of an UPDATE", UPDATE, "l.action = 'UPDATE'"),
    ("2.2 action of a DELETE", DELETE, "l.action = 'DELETE'"),
    ("2.2 table_name", INSERT, "l.table_name = 'account'"),
    ("2.2 txid", INSERT, "l.txid = txid_current()"),
    ("2.2 created_at is the clock's", "SELECT pg_sleep(0.001); " + INSERT,
     "l.created_at > now() AND l.created_at <= clock_timestamp()"),
    ("2.2 updated_at is left empty", UPDATE, "l.updated_at IS NULL"),
    ("2.2 state, read-write", UPDATE, "l.state = 'NEW'"),
    ("2.2 state, read-only", READ_ONLY + UPDATE, "l.state = 'READONLY'"),
    ("2.2 record_id of NEW", INSERT, "l.record_id = (SELECT max(id) FROM salesforce.account)"),
    ("2.2 record_id of OLD", DELETE, f"l.record_id = (l.old::hstore -> 'id')::integer AND l.sfid = '{SFID}'"),
    ("2.2 sfid of an UPDATE is OLD's", UPDATE.replace("name =", "sfid = NULL, name =", 1), f"l.sfid = '{SFID}'"),
    ("2.2 sfid of a DELETE is OLD's", DELETE, f"l.sfid = '{SFID}'"),
    ("2.2 sfid is never set on INSERT", "INSERT INTO salesforce.account (sfid) VALUES ('001000000000009AAA')",
     "l.sfid IS NULL AND l.\"values\"::hstore -> 'sfid' = '001000000000009AAA'"),
    ("2.2 old of an INSERT", INSERT, "l.old IS NULL"),
    ("2.2 old of an UPDATE is the whole row", UPDATE,
     f"l.old::hstore - 'name'::text - 'phone'::text = hstore({KNOWN}) - 'name'::text - 'phone'::text - {OWN} "
     "AND l.old::hstore @> 'name=>known, phone=>1'"),
    ("2.2 old of a DELETE is the whole row", DELETE,
     "l.old::hstore @> 'name=>known, phone=>1' AND akeys(l.old::hstore) @> '{systemmodstamp,isdeleted,id,sfid}'"),
    ("2.2 old has no _hc_ columns", UPDATE, f"NOT l.old::hstore ?| {OWN}"),
    ("2.2 values of an INSERT are all columns", INSERT,
     f"{VALUES} = hstore((SELECT a FROM salesforce.account a ORDER BY id DESC LIMIT 1)) - {OWN} "
     f"AND {VALUES} ?& ARRAY['id', 'sfid', 'phone'] AND {VALUES} -> 'phone' IS NULL"),
    ("2.2 values of an UPDATE are what changed", UPDATE, f"{VALUES} = 'name=>changed, phone=>NULL'::hstore"),
    ("2.2 values of a DELETE", DELETE, 'l."values" IS NULL'),
    ("2.2 special state: DELETE without sfid", DELETE_UNKNOWN, "l.state = 'IGNORE'"),
    ("2.2 special state: UPDATE of nothing", NOTHING, "l.state = 'IGNORE' AND l.\"values\" = ''"),
    ("2.2 special states are those of read-write mappings only", READ_ONLY + DELETE_UNKNOWN, "l.state = 'READONLY'"),
    ("2.2 values are hstore's own text", UPDATE, "l.\"values\" = '\"name\"=>\"changed\", \"phone\"=>NULL'"),
    ("2.2 columns may be inserted by position",
     "INSERT INTO salesforce._trigger_log SELECT (t).* FROM (SELECT ROW(nextval('salesforce._trigger_log_id_seq'), 1, "
     "now(), NULL, NULL, NULL, 'NEW', 'UPDATE', 'account', 7, 'S', 'o', 'v', 200, 'm')::salesforce._trigger_log t) x",
     "(l.txid, l.state, l.action, l.table_name, l.record_id, l.sfid, l.old, l.\"values\", l.sf_result, "
     "l.sf_message) = (1, 'NEW', 'UPDATE', 'account', 7, 'S', 'o', 'v', 200, 'm')"),
    ("2.2 hex sessions are not captured", "SET LOCAL xmlbinary = 'hex'; " + UPDATE, "l.id IS NULL"),
    ("2.1 TRUNCATE is not captured", "SET client_min_messages = error; TRUNCATE salesforce.account", "l.id IS NULL"),
    ("2.5 capture_insert: the row anew", CAPTURE_INSERT.format(""),
     f"(l.action, l.state, l.table_name, l.txid) = ('INSERT', 'NEW', 'account', txid_current()) AND l.sfid IS NULL "
     f"AND l.old IS NULL AND {VALUES} = {ALL_OF_KNOWN}"),
    ("2.5 capture_insert: excluded columns, but never id and sfid",
     CAPTURE_INSERT.format(", ARRAY['phone', 'id', 'sfid']"), f"{VALUES} = {ALL_OF_KNOWN} - 'phone'::text"),
    ("2.5 capture_update: the row anew", CAPTURE_UPDATE.format(""),
     f"(l.action, l.state, l.sfid) = ('UPDATE', 'NEW', '{SFID}') AND l.old IS NULL AND {VALUES} = {ALL_OF_KNOWN}"),
    ("2.5 capture_update: included columns", CAPTURE_UPDATE.format(", ARRAY['phone']"),
     f"{VALUES} = 'phone=>1'::hstore"),
    ("2.5 created_at is the clock's", "SELECT pg_sleep(0.001); " + CAPTURE_UPDATE.format(""), "l.created_at > now()"),
    ("2.5 without id nothing", "SELECT salesforce.hc_capture_update_from_row('name=>x'::hstore, 'account')",
     "l.id IS NULL"),
]


def holds(session: Session, statements: str, condition: str) -> bool:
    """Whether the condition holds of the last entry, or of no entry, that the statements leave."""
    with session.transaction(force_rollback=True):
        session.execute("SET LOCAL xmlbinary = 'hex'")
        session.execute(f"INSERT INTO salesforce.account (sfid, name, phone) VALUES ('{SFID}', 'known', '1'), "
                        "(NULL, 'unknown', '2')")
        session.execute("SET LOCAL xmlbinary = 'base64'")
        session.execute(statements)
        (found,), = rows(session, f"SELECT {condition} FROM (SELECT) x LEFT JOIN "
                                  "(SELECT * FROM salesforce._trigger_log ORDER BY id DESC LIMIT 1) l ON true")
    return found is True


def test_every_row_of_the_contract_holds(account: Session) -> None:
    broken = [name for name, statements, condition in CASES if not holds(account, statements, condition)]
    assert not broken, f"rows that do not hold: {broken}"


def test_a_logger_that_keeps_no_rule_is_found_out_by_every_case(account: Session) -> None:
    """The same cases against a capture that logs something else entirely."""
    account.execute("""
        CREATE OR REPLACE FUNCTION salesforce.hc_account_logger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO salesforce._trigger_log (id, txid, created_at, updated_at, state, action, table_name, record_id,
                                                 sfid, old, "values")
            VALUES (999, 1, now(), now(), 'SUCCESS', 'MERGE', 'other', -1, 'x', 'a=>1, _hc_err=>2', '');
            RETURN NULL;
        END $$""")
    captured = [case for case in CASES if case[0].startswith("2.2") and READ_ONLY not in case[1]
                and not case[0].endswith(("by position", "not captured"))]
    assert len(captured) > 20
    assert [name for name, statements, condition in captured if holds(account, statements, condition)] == []
