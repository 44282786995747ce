"""Push topics, platform events and generic events."""

from collections.abc import Callable
from typing import Any

import pytest

from sffdw.sandbox.org import Org

Create = Callable[..., str]
QUERY = "SELECT Id, Name, Score__c FROM Item__c WHERE On__c = true"


@pytest.fixture
def topic(listener: Any, change: Any, request: pytest.FixtureRequest) -> Any:
    """A listener of a topic of the test's own, with what the marker `topic` states."""
    stated = request.param if hasattr(request, "param") else {}
    values = {"Name": "Scores", "Query": QUERY, "ApiVersion": 62.0} | stated
    made = change({"op": "create", "object": "PushTopic", "values": values})[0]["id"]
    assert listener.subscribe("/topic/Scores")["successful"]
    yield listener
    change({"op": "delete", "object": "PushTopic", "id": made})


def told(listener: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event["event"]["type"], event["sobject"]) for event in listener.events()]


def test_topic_announces_records_that_meet_its_query(topic: Any, create: Create, change: Any) -> None:
    record_id = create("Item__c", On__c=True, Score__c=1)
    create("Item__c", On__c=False)
    row = {"Id": record_id, "Name": record_id[:15], "Score__c": 1.0}
    assert told(topic) == [("created", row)]
    for operation in ("delete", "undelete"):
        change({"op": operation, "object": "Item__c", "id": record_id})
    assert told(topic) == [("deleted", {"Id": record_id}), ("undeleted", row)]


@pytest.mark.parametrize(
    ("topic", "want"),
    [
        ({"NotifyForFields": "All"}, ["Note__c", "Score__c", "On__c"]),
        ({"NotifyForFields": "Referenced"}, ["Score__c", "On__c"]),
        ({"NotifyForFields": "Select"}, ["Score__c"]),
        ({"NotifyForFields": "Where"}, ["On__c"]),
        ({"NotifyForOperationUpdate": False}, []),
    ],
    indirect=["topic"],
)
def test_notify_for_fields_chooses_the_updates(topic: Any, want: list[str], create: Create, change: Any) -> None:
    record_id = create("Item__c", On__c=False, Score__c=1)
    topic.events()
    seen = []
    for name, value in (("Note__c", "n"), ("Score__c", 2), ("On__c", True), ("Note__c", "m"), ("Score__c", 3)):
        change({"op": "update", "object": "Item__c", "id": record_id, "values": {name: value}})
        seen += [name] * len(topic.events())
    assert list(dict.fromkeys(seen)) == [name for name in ("On__c", "Note__c", "Score__c") if name in want]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Name FROM Item__c",
        "SELECT Id FROM Nothing__c",
        "SELECT Id, None__c FROM Item__c",
        "SELECT Id FROM Item__c ORDER BY Name",
        "SELECT Id, Account__r.Name FROM Item__c",
        "SELECT Id, FROM",
    ],
)
def test_queries_that_cannot_stand_for_changes_are_refused(query: str, change: Any) -> None:
    values = {"Name": "Wrong", "Query": query, "ApiVersion": 62.0}
    (result,) = change({"op": "create", "object": "PushTopic", "values": values}, refused=True)
    assert result["errors"][0]["statusCode"] == "INVALID_FIELD"


def test_inactive_topic_cannot_be_subscribed(listener: Any, change: Any) -> None:
    values = {"Name": "Quiet", "Query": QUERY, "ApiVersion": 62.0, "IsActive": False}
    change({"op": "create", "object": "PushTopic", "values": values})
    assert "does not exist" in listener.subscribe("/topic/Quiet")["error"]


def test_platform_event_is_published_by_creating_it(listener: Any, org: Org) -> None:
    assert listener.subscribe("/event/Signal__e")["successful"]
    answer = listener.rest("POST", "/sobjects/Signal__e", {"Level__c": 3})
    (notice,) = answer["errors"]
    assert (answer["success"], notice["statusCode"]) == (True, "OPERATION_ENQUEUED")
    (event,) = listener.events()
    assert event["payload"] == {
        "Level__c": 3.0, "Text__c": None,
        "CreatedDate": "2025-06-18T12:00:00.000Z", "CreatedById": org.users.default.user_id,
    }  # fmt: skip
    assert (event["event"]["EventUuid"], event["event"]["EventApiName"]) == (notice["message"], "Signal__e")
    assert org.store.count(org.schema["Signal__e"]) == 0


def test_platform_events_are_no_change_events(changes: Any) -> None:
    changes.rest("POST", "/sobjects/Signal__e", {"Level__c": 3})
    assert changes.events() == []


def test_generic_event_is_pushed_over_rest(listener: Any, create: Create) -> None:
    channel = create("StreamingChannel", Name="/u/news")
    assert listener.subscribe("/u/news")["successful"]
    body = {"pushEvents": [{"payload": "hello"}]}
    answer = listener.rest("POST", f"/sobjects/StreamingChannel/{channel}/push", body)
    assert answer == [{"fanoutCount": 1, "userOnlineStatus": {}}]
    assert [event["payload"] for event in listener.events()] == ["hello"]
