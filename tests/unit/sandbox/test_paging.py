"""Pages: their size, their locators, what changes between them."""

import json
from typing import Any

import pytest

from sffdw.sandbox.org import Options, Org
from tests.unit.sandbox.conftest import NOON, Caller


@pytest.fixture
def crowd(sf: Caller) -> Caller:
    """4,500 accounts; the first ten have three contacts each."""
    org = sf.org
    account, contact = org.schema["Account"], org.schema["Contact"]
    ids = org.store.new_ids(account, 4500)
    rows = [(record_id, f"A{number:04}", NOON) for number, record_id in enumerate(ids)]
    org.store.insert_rows(account, ["Id", "Name", "SystemModstamp"], rows)
    people = org.store.new_ids(contact, 30)
    rows = [(record_id, f"C{number:02}", ids[number // 3]) for number, record_id in enumerate(people)]
    org.store.insert_rows(contact, ["Id", "LastName", "AccountId"], rows)
    return sf


def pages(sf: Caller, soql: str, **headers: str) -> list[dict[str, Any]]:
    """Return all pages of a result."""
    found = [sf.query(soql, **headers)]
    while not found[-1]["done"]:
        found.append(sf.get(found[-1]["nextRecordsUrl"], **headers))
    return found


def test_pages_hold_2000_rows_and_their_urls_count_on(crowd: Caller) -> None:
    found = pages(crowd, "SELECT Name FROM Account ORDER BY Name")
    assert [len(page["records"]) for page in found] == [2000, 2000, 500]
    assert {page["totalSize"] for page in found} == {4500}
    first, second = (page["nextRecordsUrl"] for page in found[:2])
    locator = first.rsplit("/", 1)[1].split("-")[0]
    assert first == f"/services/data/v62.0/query/{locator}-2000"
    assert second == f"/services/data/v62.0/query/{locator}-4000"
    assert locator.startswith("0r8") and len(locator) == 18
    names = [record["Name"] for page in found for record in page["records"]]
    assert names == sorted(names) and len(set(names)) == 4500


@pytest.mark.parametrize(("asked", "want"), [("batchSize=500", 500), ("batchSize=5", 200), ("batchSize=9999", 2000)])
def test_the_batch_size_is_the_callers_within_bounds(crowd: Caller, asked: str, want: int) -> None:
    page = crowd.query("SELECT Name FROM Account", sforce_query_options=asked)
    assert len(page["records"]) == want


def test_two_long_texts_make_pages_of_200(crowd: Caller) -> None:
    assert len(crowd.query("SELECT Story__c FROM Account")["records"]) == 2000
    assert len(crowd.query("SELECT Story__c, Description FROM Account")["records"]) == 200


def test_children_count_toward_the_page(crowd: Caller) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name"
    found = pages(crowd, soql, sforce_query_options="batchSize=200")
    assert len(found[0]["records"]) == 200 - 30
    assert found[0]["nextRecordsUrl"].endswith("-170")
    assert sum(len(page["records"]) for page in found) == 4500
    children = [record["Contacts"]["totalSize"] for record in found[0]["records"] if record["Contacts"]]
    assert children == [3] * 10


def test_children_beyond_the_batch_have_pages_of_their_own(crowd: Caller) -> None:
    org = crowd.org
    contact = org.schema["Contact"]
    parent = crowd.values("SELECT Id FROM Account WHERE Name = 'A4000'")[0]
    rows = [(record_id, f"D{number:03}", parent) for number, record_id in enumerate(org.store.new_ids(contact, 450))]
    org.store.insert_rows(contact, ["Id", "LastName", "AccountId"], rows)
    soql = "SELECT (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Name = 'A4000'"
    inner = crowd.query(soql, sforce_query_options="batchSize=200")["records"][0]["Contacts"]
    assert (inner["totalSize"], inner["done"], len(inner["records"])) == (450, False, 200)
    names = [record["LastName"] for record in inner["records"]]
    while not inner["done"]:
        inner = crowd.get(inner["nextRecordsUrl"])
        names += [record["LastName"] for record in inner["records"]]
    assert names == [f"D{number:03}" for number in range(450)]


def test_a_result_is_a_snapshot_of_ids_with_the_values_of_now(crowd: Caller) -> None:
    first = crowd.query("SELECT Id, Name FROM Account ORDER BY Name")
    ids = crowd.values("SELECT Id FROM Account WHERE Name IN ('A2000', 'A2001')")
    crowd.change(
        {"op": "update", "object": "Account", "id": ids[0], "values": {"Name": "Changed"}},
        {"op": "delete", "object": "Account", "id": ids[1]},
        {"op": "create", "object": "Account", "values": {"Name": "A2500 new"}},
    )
    second = crowd.get(first["nextRecordsUrl"])
    assert second["records"][0]["Name"] == "Changed"
    assert second["records"][1]["Name"] == "A2002"
    assert second["nextRecordsUrl"].endswith("-4000")
    third = crowd.get(second["nextRecordsUrl"])
    assert (len(second["records"]), len(third["records"])) == (1999, 500)


@pytest.mark.parametrize("change", ["unknown", "other user", "too old", "bad offset"])
def test_a_locator_can_be_invalid(crowd: Caller, change: str) -> None:
    url = crowd.query("SELECT Name FROM Account")["nextRecordsUrl"]
    if change == "unknown":
        crowd.org.cursors.expire_all()
    elif change == "too old":
        crowd.org.clock.advance(2 * 24 * 3600 + 1)
        user = crowd.org.users.default
        crowd.token = crowd.org.sessions.issue(user.user_id, user.username, "x").token
    elif change == "other user":
        crowd.send("PUT", "/_sandbox/users/other@example.com", {})
        other = crowd.org.users.by_username("other@example.com")
        assert other is not None
        crowd.token = crowd.org.sessions.issue(other.user_id, other.username, "x").token
    else:
        url = url.replace("-2000", "-999999")
    reply = crowd.send("GET", url)
    assert (reply.status, reply.body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert reply.body[0]["message"] == "invalid query locator"


def test_groups_cannot_page(crowd: Caller) -> None:
    code, text = crowd.refusal("SELECT Name, COUNT(Id) FROM Account GROUP BY Name")
    assert (code, text) == (
        "EXCEEDED_ID_LIMIT",
        "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
    )
    assert len(crowd.rows("SELECT Name, COUNT(Id) FROM Account GROUP BY Name LIMIT 5")) == 5


def test_pretty_pages_are_the_same_json(crowd: Caller) -> None:
    soql = "SELECT Name, Owner.Name, BillingAddress, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name LIMIT 3"
    plain = crowd.query(soql)
    reply = crowd.send("GET", "/query?q=" + soql.replace(" ", "+"), x_prettyprint="1")
    text = reply.payload(True).decode()
    assert json.loads(text) == plain
    assert text == json_pretty(plain)


def json_pretty(value: Any) -> str:
    """Write JSON in Salesforce's pretty form, independently of the renderer."""
    from sffdw.sandbox.jsontext import dumps

    return dumps(value, pretty=True)


def test_old_cursors_are_ten_and_gone_after_a_quarter_of_an_hour(shared_org: Org) -> None:
    sf = Caller(Org(Options(seed=7, switches={"ten_cursors": True}), birth=shared_org.birth))
    sf.change(*({"op": "create", "object": "Account", "values": {"Name": str(number)}} for number in range(250)))

    def opened() -> str:
        return str(sf.query("SELECT Id FROM Account", sforce_query_options="batchSize=200")["nextRecordsUrl"])

    first, second = opened(), opened()
    assert sf.send("GET", first).status == 200
    for _ in range(9):
        last = opened()
    # The second has not been used for longest.
    assert [sf.send("GET", url).status for url in (first, second, last)] == [200, 400, 200]
    sf.org.clock.advance(901)
    assert sf.send("GET", last).body[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    sf.org.close()
