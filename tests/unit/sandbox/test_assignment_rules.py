"""Assignment rules: REST runs them unless it is told not to."""

import pytest

from tests.unit.sandbox.conftest import Caller

OWNER = "005000000000123AAA"


@pytest.fixture
def case_rule(own_sf: Caller) -> Caller:
    own_sf.send("PUT", "/_sandbox/users/second@example.com", {"view_encrypted": False})
    assert own_sf.send("PUT", "/_sandbox/assignment_rules", {"case": second(own_sf)}).status == 200
    return own_sf


def second(caller: Caller) -> str:
    return str(caller.get("/query?q=SELECT+Id+FROM+User+ORDER+BY+CreatedDate,Id")["records"][-1]["Id"])


@pytest.mark.parametrize(("headers", "is_assigned"), [({}, True), ({"Sforce_Auto_Assign": "TRUE"}, True),
                                                      ({"Sforce_Auto_Assign": "false"}, False)])
def test_records_that_are_created_or_changed_get_the_owner_of_the_rule(
        case_rule: Caller, headers: dict[str, str], is_assigned: bool) -> None:
    mine, theirs = case_rule.org.users.default.user_id, second(case_rule)
    made = case_rule.send("POST", "/sobjects/Case", {"Subject": "a"}, **headers).value()["id"]
    assert case_rule.get(f"/sobjects/Case/{made}")["OwnerId"] == (theirs if is_assigned else mine)
    case_rule.send("PATCH", f"/sobjects/Case/{made}", {"OwnerId": mine}, Sforce_Auto_Assign="FALSE")
    case_rule.send("PATCH", f"/sobjects/Case/{made}", {"Subject": "b"}, **headers)
    assert case_rule.get(f"/sobjects/Case/{made}")["OwnerId"] == (theirs if is_assigned else mine)


def test_objects_without_a_rule_stay_with_who_made_them(case_rule: Caller) -> None:
    made = case_rule.send("POST", "/sobjects/Account", {"Name": "a"}).value()["id"]
    assert case_rule.get(f"/sobjects/Account/{made}")["OwnerId"] == case_rule.org.users.default.user_id


@pytest.mark.parametrize("stated", [{"Opportunity": OWNER}, {"Case": "nobody"}])
def test_a_rule_that_no_org_has_is_refused(own_sf: Caller, stated: dict[str, str]) -> None:
    assert own_sf.send("PUT", "/_sandbox/assignment_rules", stated).status == 400
