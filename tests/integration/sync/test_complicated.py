"""An object with more formula fields than Salesforce can query at once is loaded and polled all the same."""

from typing import Any

import psycopg
import pytest

from tests.integration.sync.org import Org, one, poll, rows, set_options

Session = psycopg.Connection[Any]
COUNT = 10
FIELDS = [f"Formula_{number}__c" for number in range(COUNT)]
COLUMNS = ", ".join(name.lower() for name in FIELDS)


@pytest.fixture
def formulas(org: Org, owner: Session) -> Session:
    """The owner's session; Sheet__c, with ten formulas and five records, is mapped."""
    fields = [{"name": name, "type": "string", "length": 1300, "formula": f"Name & '{number}'"}
              for number, name in enumerate(FIELDS)]
    org.sandbox.call("POST", "/objects", {"name": "Sheet__c", "fields": fields})
    org.create("Sheet__c", *[{"Name": f"S{number}"} for number in range(5)])
    owner.execute("SELECT sffdw.create_mapping('Sheet__c', fields => %s)", [["Name", *FIELDS]])
    return owner


def found(session: Session) -> list[tuple[Any, ...]]:
    return rows(session, f"SELECT name, {COLUMNS} FROM salesforce.sheet__c ORDER BY name")


def wanted(*names: str) -> list[tuple[Any, ...]]:
    return [(name, *[f"{name}{number}" for number in range(COUNT)]) for name in names]


@pytest.mark.parametrize("threshold", [1000, 0], ids=["REST", "Bulk"])
def test_fields_that_no_statement_can_hold_are_read_by_several(org: Org, formulas: Session, threshold: int) -> None:
    set_options(formulas, bulk_load_threshold=threshold, bulk_pause_ms=10, page_size=2)
    with org.fault("query.complicated", {"formulas": 3}):
        poll(formulas, "Sheet__c")
        names = [f"S{number}" for number in range(5)]
        assert found(formulas) == wanted(*names)
        assert one(formulas, "SELECT load_transport FROM sffdw.mapping WHERE object_name = 'Sheet__c'") == "REST"
        record_id, = org.create("Sheet__c", {"Name": "S5"})
        org.act("delete", "Sheet__c", one(formulas, "SELECT sfid FROM salesforce.sheet__c WHERE name = 'S0'"))
        before = org.last_call()
        poll(formulas, "Sheet__c")
        assert found(formulas) == wanted(*names[1:], "S5")
        # It is known by now how many fields a statement may have.
        assert all(call["status"] == 200 for call in org.calls("query", before))
        live = "SELECT formula_9__c FROM salesforce_live.sheet__c WHERE id = %s"
        assert rows(formulas, live, record_id) == [("S59",)]


def test_what_is_too_complicated_with_one_field_is_an_error(org: Org, formulas: Session) -> None:
    with org.fault("query.complicated", {"formulas": 0}), pytest.raises(psycopg.Error) as caught:
        poll(formulas, "Sheet__c")
    assert "QUERY_TOO_COMPLICATED" in str(caught.value.diag.message_detail)
    assert one(formulas, "SELECT state FROM sffdw.mapping WHERE object_name = 'Sheet__c'") == "BAD_CONFIG"
    poll(formulas, "Sheet__c")
    assert found(formulas) == wanted(*[f"S{number}" for number in range(5)])
