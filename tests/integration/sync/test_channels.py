"""Whoever listens on a table's channel is told which rows a poll has changed, and how."""

import json
from typing import Any

import psycopg

from tests.integration.sync.org import Org, one, poll, rows, set_options

Session = psycopg.Connection[Any]
# With salesforce. before it, longer than a channel's name may be.
LONG_NAME = "A_Record_Of_All_That_Was_Ever_Said_Of_The_Weather__c"


def heard(listener: Session, count: int) -> list[Any]:
    """So many payloads, and none beside them: what a second statement brings would come with them."""
    found = [json.loads(note.payload) for note in listener.notifies(timeout=20, stop_after=count)]
    listener.execute("SELECT")
    return found + [json.loads(note.payload) for note in listener.notifies(timeout=0)]


def test_changes_from_salesforce_are_told_with_the_ids_of_the_rows(org: Org, account: Session, connect: Any) -> None:
    kept, gone = org.create("Account", {"Name": "A 1"}, {"Name": "A 2"})
    poll(account)
    ids = dict(rows(account, "SELECT sfid, id FROM salesforce.account"))
    listener = connect()
    listener.execute('LISTEN "salesforce.account"')
    account.execute("UPDATE salesforce.account SET phone = '0' WHERE sfid = %s", [kept])
    poll(account)
    org.update("Account", kept, Name="A 3")
    org.act("delete", "Account", gone)
    org.create("Account", {"Name": "A 4"})
    poll(account)
    new = one(account, "SELECT id FROM salesforce.account WHERE name = 'A 4'")
    assert sorted(heard(listener, 3), key=str) == sorted([
        {"ids": [ids[gone]], "op": "DELETE"}, {"ids": [ids[kept]], "op": "UPDATE"}, {"ids": [new], "op": "INSERT"},
    ], key=str)


def test_a_table_whose_name_is_long_has_a_channel_too(org: Org, owner: Session, connect: Any) -> None:
    org.sandbox.call("POST", "/objects", {"name": LONG_NAME,
                                          "fields": [{"name": "Name", "type": "string", "length": 80}]})
    set_options(owner, bulk_load_threshold=1)
    channel = one(owner, "SELECT sffdw.change_channel('salesforce', %s)", LONG_NAME.lower())
    assert len(channel) == 63
    assert one(owner, "SELECT sffdw.change_channel('salesforce', 'account')") == "salesforce.account"
    listener = connect()
    listener.execute(f'LISTEN "{channel}"')
    org.create(LONG_NAME, {"Name": "rain"}, {"Name": "snow"})
    owner.execute("SELECT sffdw.create_mapping(%s)", [LONG_NAME])
    poll(owner)
    assert heard(listener, 1) == [{"many": 2}]
    record_id, = org.create(LONG_NAME, {"Name": "fog"})
    poll(owner)
    new = one(owner, f"SELECT id FROM salesforce.{LONG_NAME.lower()} WHERE sfid = %s", record_id)
    assert heard(listener, 1) == [{"ids": [new], "op": "INSERT"}]
