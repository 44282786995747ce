"""What a transaction that commits late holds: its rows against changes, what they refer to against deletion."""

from typing import Any

import pytest

from tests.unit.sandbox.conftest import ITEM, Caller

LATE_S = 600
Change = dict[str, Any]


class Family:
    """An account with a contact, another account, and an account in the bin."""

    def __init__(self, sf: Caller) -> None:
        self.sf = sf
        self.account, self.other, self.binned = (sf.create("Account", Name=name) for name in ("one", "other", "gone"))
        self.contact = sf.create("Contact", LastName="child", AccountId=self.account)
        sf.change({"op": "delete", "object": "Account", "id": self.binned})
        sf.org.clock.advance(60)

    def send(self, change: Change, **options: Any) -> str:
        """Make one change; return its error, or nothing."""
        result = self.sf.post("/_sandbox/records", {"changes": [self._named(change)], **options})["results"][0]
        return "" if result["success"] else str(result["errors"][0]["statusCode"])

    def _named(self, change: Change) -> Change:
        ids = {name: getattr(self, str(value), value) for name, value in change.items() if name in ("id", "master_id")}
        listed = {"ids": [getattr(self, one) for one in change["ids"]]} if "ids" in change else {}
        values = {name: getattr(self, str(value), value) for name, value in change.get("values", {}).items()}
        return change | ids | listed | ({"values": values} if values else {})

    def stamps(self) -> dict[str, tuple[str, str]]:
        found = {}
        for name in ("Account", "Contact"):
            for row in self.sf.rows(f"SELECT Id, LastModifiedDate, SystemModstamp FROM {name}", "queryAll"):
                found[row["Id"]] = (row["LastModifiedDate"], row["SystemModstamp"])
        return found


def account(operation: str, record: str, **more: Any) -> Change:
    return {"op": operation, "object": "Account", "id": record, **more}


def contact(operation: str, record: str = "contact", **more: Any) -> Change:
    return {"op": operation, "object": "Contact", "id": record, **more}


def merge(master: str, *losers: str) -> Change:
    return {"op": "merge", "object": "Account", "master_id": master, "ids": list(losers)}


def child_of(parent: str | None) -> Change:
    return {"op": "create", "object": "Contact", "values": {"LastName": "new", "AccountId": parent}}


NEW_CHILD = child_of("account")
# What a late transaction does; what others cannot do meanwhile; what they can.
HELD: list[tuple[Change, list[Change], list[Change]]] = [
    (contact("touch"), [contact("touch"), contact("update", values={"LastName": "x"}), contact("delete"),
                        contact("hard_delete"), account("delete", "account"), merge("other", "account")],
     [account("update", "account", values={"Name": "x"}), account("delete", "other")]),
    (account("undelete", "binned"), [account("undelete", "binned"), account("hard_delete", "binned")],
     [account("touch", "account")]),
    (account("delete", "account"), [NEW_CHILD, contact("touch"), merge("account", "other")],
     [child_of("other")]),
    (merge("other", "account"), [contact("update", values={"LastName": "x"}), account("touch", "other"), NEW_CHILD],
     [child_of(None)]),
    (NEW_CHILD, [account("delete", "account"), account("hard_delete", "account"), merge("other", "account")],
     [account("update", "account", values={"Name": "x"}), NEW_CHILD, account("delete", "other")]),
]


@pytest.mark.parametrize(("late", "refused", "accepted"), HELD,
                         ids=[f"{late['op']} {late['object']}" for late, _, _ in HELD])
def test_what_a_running_transaction_holds_nobody_else_writes(
        own_sf: Caller, late: Change, refused: list[Change], accepted: list[Change]) -> None:
    family = Family(own_sf)
    assert family.send(late, commit_after_s=LATE_S) == ""
    own_sf.org.clock.advance(60)
    assert [family.send(one) for one in refused] == ["UNABLE_TO_LOCK_ROW"] * len(refused)
    assert [family.send(one) for one in accepted] == [""] * len(accepted)
    before = family.stamps()
    own_sf.org.clock.advance(LATE_S)
    after = family.stamps()
    assert {one for one, stamps in before.items() if one in after and after[one][1] < stamps[1]} == set()
    assert all(modified <= moved for modified, moved in after.values())
    assert own_sf.org.store.locks.held_rows() == []
    assert [family.send(one) for one in refused if one["op"] == "touch"].count("UNABLE_TO_LOCK_ROW") == 0


def test_what_refers_to_a_record_commits_although_that_is_held_by_then(own_sf: Caller) -> None:
    family = Family(own_sf)
    children = [{"op": "create", "object": "Contact", "values": {"LastName": name, "AccountId": parent}}
                for name, parent in (("first", family.account), ("second", family.other))]
    late = own_sf.post("/_sandbox/records", {"changes": children, "commit_after_s": LATE_S})["results"]
    assert family.send(account("update", "account", values={"Name": "held"}), commit_after_s=2 * LATE_S) == ""
    own_sf.org.clock.advance(LATE_S + 1)
    found = own_sf.rows("SELECT Id, LastName FROM Contact WHERE LastName IN ('first', 'second') ORDER BY LastName")
    assert [row["Id"] for row in found] == [result["id"] for result in late]


def test_what_a_transaction_was_refused_is_not_done_when_it_commits(own_sf: Caller) -> None:
    """By then the other transaction, which was in its way, is over."""
    family = Family(own_sf)
    assert family.send(account("update", "account", values={"Name": "other"}), commit_after_s=60) == ""
    own_sf.org.clock.advance(10)
    refused = [account("update", "account", values={"Name": "mine"}), account("delete", "account"), NEW_CHILD]
    late = [family.send(change, commit_after_s=LATE_S) for change in refused]
    assert late == ["UNABLE_TO_LOCK_ROW"] * 3
    own_sf.org.clock.advance(100)
    assert family.send(account("update", "account", values={"Name": "after"})) == ""
    before = family.stamps()
    own_sf.org.clock.advance(LATE_S)
    assert family.stamps() == before
    assert own_sf.values("SELECT Name FROM Account WHERE Name IN ('mine', 'after')") == ["after"]


def test_a_transaction_that_was_refused_a_record_makes_the_others_with_their_ids(own_sf: Caller) -> None:
    """The parent that the refused one names is there when it commits: another transaction has made it meanwhile."""
    def make(*values: Change, after_s: int) -> Any:
        changes = [{"op": "create", "object": "Item__c", "values": {"Must__c": "x", **one}} for one in values]
        return own_sf.post("/_sandbox/records", {"changes": changes, "commit_after_s": after_s})["results"]

    own_sf.org.store.follow(own_sf.org.schema.define(ITEM))
    make({"Ext__c": "parent"}, after_s=60)
    told = make({"Item__r": {"Ext__c": "parent"}, "Note__c": "child"}, {"Note__c": "other"}, after_s=LATE_S)
    assert [one["success"] for one in told] == [False, True]
    own_sf.org.clock.advance(LATE_S + 1)
    assert own_sf.rows("SELECT Id, Note__c FROM Item__c WHERE Note__c <> null") == [
        {"Id": told[1]["id"], "Note__c": "other"}]
    assert own_sf.create("Item__c", Must__c="x", Note__c="after") > told[1]["id"]


@pytest.mark.parametrize("fault", ["storm.recalculate", "page.drift"])
def test_a_recalculation_leaves_out_what_a_running_transaction_holds(own_sf: Caller, fault: str) -> None:
    family = Family(own_sf)
    family.send(contact("update", values={"LastName": "late"}), commit_after_s=LATE_S)
    free = own_sf.create("Contact", LastName="free")
    own_sf.org.clock.advance(60)
    before = family.stamps()
    own_sf.post("/_sandbox/faults", {"name": fault, "when": {"calls": "1"}, "params": {"rows": 5}})
    own_sf.rows("SELECT Id FROM Contact")
    after = family.stamps()
    assert (after[free] > before[free], after[family.contact]) == (True, before[family.contact])
