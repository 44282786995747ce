"""Encrypted text: who sees it, how it looks to others, and what cannot be done with it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sffdw.sandbox.org import Options, Org
from sffdw.sandbox.schema import SchemaError, make_field
from sffdw.sandbox.store.masks import masked
from tests.unit.sandbox.conftest import Caller
from tests.unit.sandbox.events.conftest import Listener

CARD, CARD_MASK = "4111111111111234", "XXXX XXXX XXXX 1234"
SECRET = {
    "name": "Secret__c",
    "fields": [
        {"name": "Card__c", "type": "encryptedstring", "length": 20, "maskType": "creditCard", "mask": "X"},
        {"name": "Word__c", "type": "encryptedstring"},
    ],
    "rules": [{"condition": 'Word__c = "forbidden"', "message": "not this word", "field": "Word__c"}],
}


@pytest.fixture(scope="module")
def vault_org(shared_org: Org) -> Iterator[Org]:
    """An org with encrypted fields whose jobs take no time."""
    org = Org(Options(seed=7, speed="instant"), birth=shared_org.birth)
    org.store.follow(org.schema.define(SECRET))
    yield org
    org.close()


@pytest.fixture
def vault(vault_org: Org) -> Caller:
    """A caller who may not view encrypted data."""
    caller = Caller(vault_org)
    allow(caller, False)
    return caller


def allow(caller: Caller, views: bool) -> None:
    """Give or take the permission View Encrypted Data."""
    name = caller.org.credentials.username
    assert caller.send("PUT", f"/_sandbox/users/{name}", {"view_encrypted": views}).status == 200


@pytest.mark.parametrize(
    ("kind", "text", "want"),
    [
        ("all", "secret", "******"),
        ("all", "", ""),
        ("all", None, None),
        ("lastFour", "1234567", "***4567"),
        ("lastFour", "123", "123"),
        ("creditCard", "4111111111111234", "**** **** **** 1234"),
        ("creditCard", "4111-1111-1111-1234", "**** **** **** 1234"),
        ("ssn", "123456789", "***-**-6789"),
        ("ssn", "123-45-6789", "***-**-6789"),
        ("sin", "123456789", "***-**6-789"),
        ("nino", "QQ123456C", "** ** ** ** *"),
    ],
)
def test_masks_hide_what_their_type_says(kind: str, text: str | None, want: str | None) -> None:
    assert masked(text, kind, "*") == want
    if text:
        assert masked(text, kind, "X") == str(want).replace("*", "X")


@pytest.mark.parametrize(
    ("stated", "want"),
    [
        ({"maskType": "half"}, "maskType"),
        ({"mask": "#"}, "mask"),
        ({"length": 176}, "length"),
        ({"unique": True}, "unique"),
        ({"externalId": True}, "external id"),
        ({"defaultValue": "x"}, "default"),
    ],
)
def test_encrypted_fields_are_defined_within_setups_limits(stated: dict[str, Any], want: str) -> None:
    field = {"name": "Card__c", "type": "encryptedstring"}
    assert make_field(field).length == 175
    with pytest.raises(SchemaError, match=want):
        make_field(field | stated)


def test_describe_shows_the_mask_and_what_the_field_is_no_good_for(vault: Caller) -> None:
    described = {field["name"]: field for field in vault.get("/sobjects/Secret__c/describe")["fields"]}
    shown = {name: described["Card__c"][name] for name in ("type", "mask", "maskType", "length")}
    assert shown == {"type": "encryptedstring", "mask": "X", "maskType": "creditCard", "length": 20}
    assert (described["Word__c"]["mask"], described["Word__c"]["maskType"]) == ("*", "all")
    uses = ("filterable", "sortable", "groupable", "aggregatable", "idLookup", "unique", "externalId")
    assert not any(described["Card__c"][name] for name in uses)
    assert described["Name"]["filterable"]


def test_reading_masks_the_value_unless_the_user_may_view_encrypted_data(vault: Caller) -> None:
    record_id = vault.post("/sobjects/Secret__c", {"Card__c": CARD})["id"]
    soql = f"SELECT Card__c, Word__c FROM Secret__c WHERE Id = '{record_id}'"
    body = {"ids": [record_id], "fields": ["Card__c"]}

    def seen() -> list[Any]:
        job = vault.post("/jobs/query", {"operation": "query", "query": soql})
        text = vault.send("GET", f"/jobs/query/{job['id']}/results").payload(False).decode()
        return [
            vault.rows(soql)[0]["Card__c"],
            vault.rows(f"SELECT FIELDS(ALL) FROM Secret__c WHERE Id = '{record_id}' LIMIT 1")[0]["Card__c"],
            vault.get(f"/sobjects/Secret__c/{record_id}")["Card__c"],
            vault.post("/composite/sobjects/Secret__c", body)[0]["Card__c"],
            text.splitlines()[1].split(",")[0].strip('"'),
        ]

    assert vault.rows(soql)[0]["Word__c"] is None
    assert seen() == [CARD_MASK] * 5
    allow(vault, True)
    assert seen() == [CARD] * 5


def test_encrypted_fields_cannot_be_filtered_sorted_grouped_or_summed_up(vault: Caller) -> None:
    allow(vault, True)
    cannot = "field 'Card__c' can not be {} in a query call"
    for soql, want in {
        "SELECT Id FROM Secret__c WHERE Card__c = '1'": ("INVALID_FIELD", cannot.format("filtered")),
        "SELECT Id FROM Secret__c WHERE Card__c LIKE '1%'": ("INVALID_FIELD", cannot.format("filtered")),
        "SELECT Id FROM Secret__c ORDER BY Card__c": ("INVALID_FIELD", cannot.format("sorted")),
        "SELECT Card__c FROM Secret__c GROUP BY Card__c": ("MALFORMED_QUERY", cannot.format("grouped")),
    }.items():
        assert vault.refusal(soql) == want
    assert vault.refusal("SELECT COUNT(Card__c) FROM Secret__c")[0] == "MALFORMED_QUERY"
    assert vault.query("SELECT Card__c FROM Secret__c ORDER BY Name")["done"]


def test_plain_text_is_written_with_or_without_the_permission_and_rules_see_it(vault: Caller) -> None:
    record_id = vault.post("/sobjects/Secret__c", {"Word__c": "first"})["id"]
    assert vault.send("PATCH", f"/sobjects/Secret__c/{record_id}", {"Word__c": "second"}).status == 204
    refused = vault.send("PATCH", f"/sobjects/Secret__c/{record_id}", {"Word__c": "forbidden"})
    assert refused.body[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    long = vault.send("PATCH", f"/sobjects/Secret__c/{record_id}", {"Card__c": "1" * 21})
    assert long.body[0]["errorCode"] == "STRING_TOO_LONG"
    allow(vault, True)
    assert vault.get(f"/sobjects/Secret__c/{record_id}")["Word__c"] == "second"


def test_a_mask_that_is_written_back_replaces_the_secret(vault: Caller) -> None:
    record_id = vault.post("/sobjects/Secret__c", {"Word__c": "secret"})["id"]
    shown = vault.get(f"/sobjects/Secret__c/{record_id}")["Word__c"]
    vault.send("PATCH", f"/sobjects/Secret__c/{record_id}", {"Word__c": shown})
    allow(vault, True)
    assert vault.get(f"/sobjects/Secret__c/{record_id}")["Word__c"] == "******"


@pytest.mark.parametrize(("views", "want"), [(False, CARD_MASK), (True, CARD)])
def test_events_are_masked_for_each_subscriber(vault: Caller, views: bool, want: str) -> None:
    allow(vault, views)
    listener = Listener(vault.org)
    assert listener.handshake()["successful"]
    assert listener.subscribe("/data/Secret__ChangeEvent")["successful"]
    vault.create("Secret__c", Card__c=CARD)
    assert [payload["Card__c"] for payload in listener.payloads()] == [want]


def test_push_topics_never_show_encrypted_text(vault: Caller) -> None:
    allow(vault, True)
    vault.create("PushTopic", Name="Secrets", Query="SELECT Id, Card__c FROM Secret__c", ApiVersion=62.0)
    listener = Listener(vault.org)
    assert listener.handshake()["successful"]
    assert listener.subscribe("/topic/Secrets")["successful"]
    vault.create("Secret__c", Card__c=CARD)
    assert [event["sobject"]["Card__c"] for event in listener.events()] == [CARD_MASK]


def test_other_rights_are_kept_beside_the_permission(vault: Caller) -> None:
    make: Callable[..., Any] = vault.send
    name = vault.org.credentials.username
    record_id = vault.create("Secret__c", Card__c=CARD, Word__c="w")
    make("PUT", f"/_sandbox/users/{name}", {"fields": {"Secret__c.Word__c": {"read": False, "edit": False}}})
    row = vault.get(f"/sobjects/Secret__c/{record_id}")
    assert (row["Card__c"], "Word__c" in row) == (CARD_MASK, False)
    make("PUT", f"/_sandbox/users/{name}", {"fields": {}})
    assert vault.get(f"/sobjects/Secret__c/{record_id}")["Word__c"] == "*"
