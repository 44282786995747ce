"""CSV files: dialects, names of objects and columns, types of new fields, values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.loader import LoadError, LoadPlan
from sffdw.sandbox.schema import Schema

from .conftest import values_of

Write = Callable[[str, Any], Path]
Plan = Callable[..., LoadPlan]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "`"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_delimiter_and_line_ending_gives_the_same_records(
    write: Write, plan_of: Plan, delimiter: str, ending: str
) -> None:
    rows = [["Name", "Phone", "Description"], ["A", "1, 2; 3", '"one\ntwo"'], ["B", "", "x"]]
    quoted = [[f'"{cell}"' if cell not in ('"one\ntwo"',) else cell for cell in row] for row in rows]
    path = write("Account.csv", ending.join(delimiter.join(row) for row in quoted) + ending)
    values = values_of(plan_of(path), "Account")
    assert [(row["Name"], row.get("Phone"), row["Description"]) for row in values] == [
        ("A", "1, 2; 3", "one\ntwo"),
        ("B", None, "x"),
    ]


@pytest.mark.parametrize("content", ["\ufeffName\nŻółć\n".encode(), "Name\nŻółć\n".encode("utf-16")])
def test_byte_order_marks_are_no_part_of_a_name(write: Write, plan_of: Plan, content: bytes) -> None:
    assert [row["Name"] for row in values_of(plan_of(write("Account.csv", content)), "Account")] == ["Żółć"]


def test_another_encoding_is_read_aloud(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("Account.csv", "Name\nMüller\n".encode("cp1252")))
    assert values_of(plan, "Account")[0]["Name"] == "Müller"
    assert "Account.csv: not UTF-8, read as Windows-1252" in plan.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column names"),
        ("Name,name\nA,B\n", 'two columns are named "Name"'),
        ('Name,Phone\n"A"x,B\n', "Account.csv line 2"),
    ],
)
def test_a_broken_csv_is_refused_with_its_place(write: Write, plan_of: Plan, content: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        plan_of(write("Account.csv", content))


def test_a_row_with_too_many_values_is_skipped_aloud(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("Account.csv", "Name,Phone\nA,1\nB,2,3\nC\nD,4,\n"))
    assert [row["Name"] for row in values_of(plan, "Account")] == ["A", "C", "D"]
    assert "Account.csv line 3: skipped, 3 values under 2 column names" in plan.notes


def test_empty_values_and_the_null_mark_of_bulk_files_are_null(write: Write, plan_of: Plan) -> None:
    (values,) = values_of(plan_of(write("Account.csv", "Name,Phone,Fax\nA,#N/A,\n")), "Account")
    assert (values["Phone"], values["Fax"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "header", "want"),
    [
        ("Account.csv", "Name", "Account"),
        ("accounts.csv", "Name", "Account"),
        ("sf_account_data.csv", "Name", "Account"),
        ("sf_opportunity_line_item_data.csv", "Quantity", "OpportunityLineItem"),
        ("sf_product_2_data.csv", "Name", "Product2"),
        ("opportunities.csv", "Name", "Opportunity"),
        ("Account_bulk2_test_backquote.csv", "Name", "Account"),
        ("PRICEBOOK_ENTRY.csv", "UnitPrice", "PricebookEntry"),
        ("comma.csv", "NAME,TYPE,PHONE,WEBSITE,ANNUALREVENUE", "Account"),
        ("bulkUpsert.csv", "NAME,TYPE,PHONE", "Account"),
        ("Widget.csv", "Name", "Widget__c"),
        ("Widget__c.csv", "Name", "Widget__c"),
        ("account_plans.csv", "Name", "account_plans__c"),
        ("2024 parts.csv", "Name", "X2024_parts__c"),
    ],
)
def test_the_object_is_named_by_the_file(write: Write, plan_of: Plan, name: str, header: str, want: str) -> None:
    plan = plan_of(write(name, f"{header}\n{','.join('1' for _ in header.split(','))}\n"))
    assert {change["object"] for change in plan.changes} == {want}


@pytest.mark.parametrize(
    "name", ["sf_account_history_data.csv", "AccountHistory.csv", "Case_Feed.csv", "AccountChangeEvent.csv"]
)
def test_past_versions_are_skipped_aloud(write: Write, plan_of: Plan, name: str) -> None:
    plan = plan_of(write(name, "Id,Name\n1,A\n"))
    assert not plan.changes
    assert f"{name}: skipped, it holds past versions" in plan.notes


@pytest.mark.parametrize(
    ("column", "want"),
    [
        ("Name", "Name"), ("NAME", "Name"), ("created_date", "CreatedDate"), ("owner_id", "OwnerId"),
        ("last_curequest_date", "LastCURequestDate"), ("system_modstamp", "SystemModstamp"),
        ("mailing_country_code", "MailingCountryCode"), ("has_opted_out_of_email", "HasOptedOutOfEmail"),
        ("cbit_clearbit_c", "cbit_clearbit__c"), ("favourite colour", "favourite_colour__c"), ("Ext__c", "Ext__c"),
        ("description_c", "description__c"), ("2nd", "X2nd__c"),
    ],
)  # fmt: skip
def test_columns_find_their_field_or_become_a_custom_one(
    write: Write, schema: Schema, plan_of: Plan, column: str, want: str
) -> None:
    value = {"OwnerId": "005AB0000000001YAA"}.get(
        want, "2020-01-02 03:04:05" if want.endswith(("Date", "stamp")) else "true"
    )
    plan = plan_of(write("contact.csv", f"{column},last_name\n{value},L\n"))
    assert want in values_of(plan, "Contact")[0]
    plan.define(schema)
    assert schema["Contact"].field(want) is not None


def test_a_parent_may_be_named_by_one_of_its_values(write: Write, plan_of: Plan, tmp_path: Path) -> None:
    write("Contact.csv", "LastName,Account.AccountNumber\nL,8\nM,\nN,9\n")
    write("Account.csv", "Name,AccountNumber\nA,7\nB,8\n")
    plan = plan_of(tmp_path)
    names = {row["Id"]: row["Name"] for row in values_of(plan, "Account")} | {None: None}
    contacts = [(row["LastName"], names[row["AccountId"]]) for row in values_of(plan, "Contact")]
    assert contacts == [("L", "B"), ("M", None), ("N", None)]
    assert "Contact.AccountId: 1 value left out, no reference: {'AccountNumber': '9'}" in plan.notes


def test_two_columns_that_mean_one_field_are_not_merged_silently(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("Account.csv", "billing_city,BillingCity,name\nA,B,N\n"))
    assert values_of(plan, "Account")[0]["BillingCity"] == "A"
    assert "Account: skipped column BillingCity, billing_city is BillingCity already" in plan.notes


def test_custom_names_that_differ_stay_different(write: Write, plan_of: Plan) -> None:
    (values,) = values_of(plan_of(write("Account.csv", "net_suite_id_c,netsuite_id_c,name\n1,2,N\n")), "Account")
    assert (values["net_suite_id__c"], values["netsuite_id__c"]) == (1.0, 2.0)


def test_columns_of_the_pipeline_are_skipped_aloud(write: Write, plan_of: Plan) -> None:
    plan = plan_of(write("Account.csv", "Name,_fivetran_synced\nA,2020-01-01\n"))
    assert set(values_of(plan, "Account")[0]) == {"Id", "Name"}
    assert "Account: skipped the pipeline's own _fivetran_synced" in plan.notes


@pytest.mark.parametrize(
    ("values", "want"),
    [
        (["true", "FALSE"], ("boolean", 0, 0)),
        (["true", ""], ("string", 0, 0)),
        (["1", "0"], ("double", 18, 0)),
        (["1", "2.25"], ("double", 18, 2)),
        (["01234", "99999"], ("string", 0, 0)),
        (["123456789012345678"], ("string", 0, 0)),
        (["1e5"], ("string", 0, 0)),
        (["2020-02-29", "1700-01-01"], ("date", 0, 0)),
        (["2020-02-30"], ("string", 0, 0)),
        (["9999-12-31"], ("string", 0, 0)),
        (["2020-01-01 10:00:00", "2020-01-01T10:00:00Z"], ("datetime", 0, 0)),
        (["10:00:00.000Z"], ("time", 0, 0)),
        (["1/2/2020"], ("string", 0, 0)),
        (["a@b.cc", "d@e.ff"], ("email", 0, 0)),
        (["https://a.example/x"], ("url", 0, 0)),
        (["one\\ntwo"], ("textarea", 0, 0)),
        (["x" * 256], ("textarea", 0, 0)),
        (["NA", "NULL"], ("string", 0, 0)),
        (["Hot", "Cold"] * 6, ("picklist", 0, 0)),
    ],
)
def test_types_of_new_fields_follow_from_all_values(
    write: Write, schema: Schema, plan_of: Plan, values: list[str], want: tuple[str, int, int]
) -> None:
    lines = "".join(f'N,"{value}"\n'.replace("\\n", "\n") for value in values)
    plan = plan_of(write("Account.csv", f"Name,new thing\n{lines}"))
    plan.define(schema)
    made = schema["Account"].field("new_thing__c")
    assert made is not None
    assert (made.type, made.precision, made.scale) == want


@pytest.mark.parametrize(("name", "want"), [("Price__c", "currency"), ("Phone__c", "phone"), ("Count__c", "double")])
def test_the_name_of_a_column_tells_money_and_phones(
    write: Write, schema: Schema, plan_of: Plan, name: str, want: str
) -> None:
    plan_of(write("Account.csv", f"Name,{name}\nN,6172443672\n")).define(schema)
    made = schema["Account"].field(name)
    assert made is not None and made.type == want


@pytest.mark.parametrize(
    ("column", "text", "want"),
    [
        ("Description", "  a\r\nb\x00\t ", "a\nb"),
        ("Phone", "   ", None),
        ("NumberOfEmployees", "100.0", 100),
        ("AnnualRevenue", "1.5E3", 1500.0),
        ("LastActivityDate", "2019-11-11 17:23:34", "2019-11-11"),
        ("LastActivityDate", "1/31/2020", "2020-01-31"),
        ("LastActivityDate", "31/1/2020", "2020-01-31"),
        ("LastActivityDate", "2020-01-01T01:00:00+05:00", "2020-01-01"),
        ("CreatedDate", "2019-11-11 17:23:34", "2019-11-11T17:23:34.000+0000"),
        ("CreatedDate", "2019-11-11T17:23:34.789+02:00", "2019-11-11T15:23:34.000+0000"),
        ("CreatedDate", "2019-11-11", "2019-11-11T00:00:00.000+0000"),
        ("CreatedDate", "1573493014000", "2019-11-11T17:23:34.000+0000"),
        ("CreatedDate", "1573493014", "2019-11-11T17:23:34.000+0000"),
        ("CreatedDate", "11/11/2019 5:23 PM", "2019-11-11T17:23:00.000+0000"),
        ("IsPartner", "TRUE", True),
        ("IsPartner", "0", False),
    ],
)
def test_values_become_what_salesforce_stores(write: Write, plan_of: Plan, column: str, text: str, want: Any) -> None:
    path = write("Account.csv", f'Name,{column}\nN,"{text}"\n')
    assert values_of(plan_of(path), "Account")[0].get(column) == want


@pytest.mark.parametrize(
    ("column", "text", "kind"),
    [
        ("NumberOfEmployees", "many", "int"),
        ("CreatedDate", "yesterday", "datetime"),
        ("LastActivityDate", "9999-12-31", "date"),
    ],
)
def test_values_of_another_type_are_left_out_aloud(
    write: Write, plan_of: Plan, column: str, text: str, kind: str
) -> None:
    plan = plan_of(write("Account.csv", f"Name,{column}\nN,{text}\n"))
    assert values_of(plan, "Account")[0][column] is None
    assert f"Account.{column}: 1 value left out, no {kind}: {text}" in plan.notes


def test_fields_are_widened_so_that_describe_is_true_of_the_data(write: Write, schema: Schema, plan_of: Plan) -> None:
    plan = plan_of(write("User.csv", f"alias,user_type,time_zone_sid_key\n{'x' * 24},Odd,Mars/Base\n"))
    plan.define(schema)
    alias, kind = schema["User"].field("Alias"), schema["User"].field("UserType")
    assert alias is not None and kind is not None
    assert (alias.length, alias.byte_length) == (40, 120)
    assert "Odd" in [entry.value for entry in kind.picklist_values]
    assert "User: widened to its values: Alias, UserType, TimeZoneSidKey" in plan.notes


def test_numbers_widen_precision_and_scale(write: Write, schema: Schema, plan_of: Plan) -> None:
    plan_of(write("Opportunity.csv", "Name,Probability\nA,1000.25\n")).define(schema)
    probability = schema["Opportunity"].field("Probability")
    assert probability is not None and (probability.precision, probability.scale) == (6, 2)


def test_the_last_line_of_an_object_counts_what_was_loaded_and_why_not(write: Write, plan_of: Plan) -> None:
    rows = "001000000000001AAA,A\n001000000000001AAA,A\n001000000000001AAA,B\n,C\n"
    plan = plan_of(write("Account.csv", f"Id,Name\n{rows}"))
    assert [row["Name"] for row in values_of(plan, "Account")] == ["B", "C"]
    assert plan.notes[-1] == "Account: loaded 2, skipped 2 (2 older row of the same id)"
