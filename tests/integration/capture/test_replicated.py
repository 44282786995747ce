"""What logical replication applies is captured only when that is asked for, and never where the publisher sends it.

`session_replication_role = replica` is what an apply worker runs with.
"""

import pytest

from .queries import Session, refusal, rows

SFID = "001000000000001AAA"
LOG = "SELECT action, state FROM salesforce._trigger_log ORDER BY id"
ASK = "SELECT sffdw.alter_mapping('Account', capture_replicated => {})"


def apply(database: Session, statement: str) -> None:
    """Run a statement as an apply worker does."""
    with database.transaction():
        database.execute("SET LOCAL session_replication_role = 'replica'")
        database.execute(statement)
    database.commit()


@pytest.fixture
def subscription(account: Session, database: Session) -> Session:
    """The superuser's session, with a subscription that has not begun; it is dropped again, which a database needs."""
    with database.transaction():
        # Of no table yet: those that it brings are entered as a refresh would.
        database.execute("CREATE SUBSCRIPTION theirs CONNECTION 'dbname=nowhere' PUBLICATION theirs "
                         "WITH (connect = false)")
    database.commit()
    return database


def subscribe(database: Session, table: str) -> None:
    with database.transaction():
        database.execute("INSERT INTO pg_subscription_rel SELECT s.oid, %s::regclass, 'r', NULL FROM pg_subscription s "
                         "WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())", [table])
    database.commit()


def test_replicated_changes_are_captured_only_if_asked_for(account: Session, database: Session) -> None:
    apply(database, f"INSERT INTO salesforce.account (sfid, name) VALUES ('{SFID}', 'a')")
    apply(database, "UPDATE salesforce.account SET name = 'b'")
    assert rows(account, LOG) == []
    account.execute(ASK.format("true"))
    apply(database, "INSERT INTO salesforce.account (name) VALUES ('c')")
    apply(database, "UPDATE salesforce.account SET name = 'd' WHERE sfid IS NOT NULL")
    apply(database, "DELETE FROM salesforce.account WHERE sfid IS NOT NULL")
    assert rows(account, LOG) == [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "NEW")]
    assert rows(account, "SELECT _hc_lastop FROM salesforce.account") == [("PENDING",)]
    account.execute(ASK.format("false"))
    apply(database, "UPDATE salesforce.account SET name = 'e'")
    assert len(rows(account, LOG)) == 3
    # Changes of this server's own apps are captured either way.
    account.execute("UPDATE salesforce.account SET name = 'f'")
    assert len(rows(account, LOG)) == 4


def test_what_a_connection_of_the_publisher_has_had_in_hand_is_not_captured(
        account: Session, database: Session) -> None:
    account.execute(ASK.format("true"))
    apply(database, f"INSERT INTO salesforce.account (sfid, name, _hc_lastop) VALUES ('{SFID}', 'a', 'SYNCED')")
    apply(database, "UPDATE salesforce.account SET name = 'b', _hc_lastop = 'PENDING'")
    assert rows(account, LOG) == []
    apply(database, "UPDATE salesforce.account SET name = 'c'")
    assert rows(account, LOG) == [("UPDATE", "NEW")]


def test_it_is_refused_where_the_publishers_trigger_log_is_replicated_too(
        account: Session, subscription: Session) -> None:
    try:
        subscribe(subscription, "salesforce.account")
        account.execute(ASK.format("true"))
        account.execute(ASK.format("false"))
        subscribe(subscription, "salesforce._trigger_log")
        sqlstate, message, hint = refusal(account, ASK.format("true"))
        assert sqlstate == "55000" and "publisher has a connection of its own" in message and hint
        account.execute(ASK.format("false"))
        assert rows(account, "SELECT capture_replicated FROM sffdw.mapping") == [(False,)]
    finally:
        subscription.rollback()
        subscription.execute("ALTER SUBSCRIPTION theirs SET (slot_name = NONE)")
        subscription.execute("DROP SUBSCRIPTION theirs")
        subscription.commit()


def test_the_setting_is_one_of_new_mappings_too(owner: Session) -> None:
    owner.execute("SELECT sffdw.create_mapping('Account', access => 'read_write', capture_replicated => true)")
    assert rows(owner, "SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgrelid = 'salesforce.account'::regclass "
                       "AND tgname IN ('hc_account_logtrigger', 'hc_account_status_trigger')") == [("A",)]
