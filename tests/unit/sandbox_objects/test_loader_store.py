"""Loading into a store: what the org holds afterwards is what the files say."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sffdw.sandbox.loader import LoadError, load, load_paths
from sffdw.sandbox.schema import Schema, SObject
from sffdw.sandbox.store.store import Store

from .conftest import AT, USER, tree

Write = Callable[[str, Any], Path]
Load = Callable[..., list[str]]
RECORD_SETS = ("dreamhouse-lwc", "ebikes-lwc", "easy-spaces-lwc", "dbt_salesforce")


def rows_of(store: Store, name: str) -> list[dict[str, Any]]:
    sobject = store.schema[name]
    found = store.reader.execute(f'SELECT "Id" FROM "{sobject.name}" ORDER BY _row').fetchall()
    return [row for (record_id,) in found if (row := store.get(sobject, record_id)) is not None]


def test_blanks_of_a_column_stay_blank_and_what_no_file_states_is_filled(
    write: Write, store: Store, load_into_store: Load
) -> None:
    load_into_store(
        write("opportunity.csv", "name,expected_revenue,amount,stage_name\nA,,10,Closed Won\nB,7,,Prospecting\n"),
        write("contact.csv", "first_name,last_name,name\nx,G,Janet Yellen\n"),
        write("lead.csv", "first_name,last_name\nAnn,Lee\n"),
    )
    won, opened = rows_of(store, "Opportunity")
    assert (won["ExpectedRevenue"], won["Amount"]) == (None, 10.0)
    assert (opened["ExpectedRevenue"], opened["Amount"]) == (7.0, None)
    assert (won["IsWon"], won["Probability"], won["OwnerId"], won["CreatedDate"], won["SystemModstamp"]) == (
        1,
        100.0,
        USER,
        AT,
        AT,
    )
    assert rows_of(store, "Contact")[0]["Name"] == "Janet Yellen"
    assert rows_of(store, "Lead")[0]["Name"] == "Ann Lee"
    assert rows_of(store, "Lead")[0]["Status"] == "Open - Not Contacted"


def test_rows_marked_deleted_go_to_the_recycle_bin(write: Write, store: Store, load_into_store: Load) -> None:
    load_into_store(
        write(
            "account.csv", "name,is_deleted,system_modstamp\nA,true,2020-01-02 03:04:05\nB,false,2020-01-02 03:04:06\n"
        )
    )
    account = store.schema["Account"]
    assert (store.count(account), store.count(account, deleted_too=True)) == (1, 2)
    (logged,) = store.reader.execute("SELECT object, deleted_at FROM _delete_log").fetchall()
    assert tuple(logged) == ("Account", "2020-01-02T03:04:05.000+0000")


def test_numbers_and_ids_go_on_after_those_of_the_files(write: Write, store: Store, load_into_store: Load) -> None:
    load_into_store(write("case.csv", "case_number,subject\n00001234,A\n00000007,B\n"))
    load_into_store(write("a.json", tree("Case", {"Subject": "C"})))
    rows = rows_of(store, "Case")
    assert [row["CaseNumber"] for row in rows] == ["00001234", "00000007", "00001235"]
    assert len({row["Id"] for row in rows}) == 3
    assert store.new_id(store.schema["Case"]) not in {row["Id"] for row in rows}


def test_loading_the_same_file_again_skips_what_is_there_aloud(
    write: Write, store: Store, load_into_store: Load
) -> None:
    path = write("account.csv", "id,name\n001A00000000001AAA,A\n")
    load_into_store(path)
    said = load_into_store(path)
    assert store.count(store.schema["Account"]) == len(rows_of(store, "Account")) == 1
    assert said[-1] == "Account: skipped 1 record the org has already"


def test_new_fields_of_new_and_known_objects_are_stored(write: Write, store: Store, load_into_store: Load) -> None:
    load_into_store(
        write(
            "t.json",
            {
                "records": [
                    *tree("Account", {"Name": "A", "Tier__c": 3})["records"],
                    *tree("Pet__c", {"Name": "P"})["records"],
                ]
            },
        )
    )
    load_into_store(write("u.json", tree("Pet__c", {"Name": "Q", "Age__c": 4})))
    assert rows_of(store, "Account")[0]["Tier__c"] == 3.0
    assert [(row["Name"], row["Age__c"]) for row in rows_of(store, "Pet__c")] == [("P", None), ("Q", 4.0)]


def test_a_refused_file_stores_nothing(write: Write, store: Store, load_into_store: Load) -> None:
    write("a.json", tree("Pet__c", {"Name": "P"}))
    write("b-plan.json", [{"sobject": "Pet__c", "files": ["gone.json"]}])
    with pytest.raises(LoadError):
        load_into_store(write("a.json", tree("Pet__c", {"Name": "P"})).parent)
    assert "Pet__c" not in store.schema


# Real material: what the org holds against what the files alone say


def expected(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the files of a record set with nothing but json and csv: rows by object, as the files spell them."""
    planned: dict[str, list[dict[str, Any]]] = {}
    files: set[Path] = set()
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(document, list) and "files" in document[0]:
            files |= {path.parent / file for step in document for file in step["files"]}
    for path in sorted(files):
        for record in json.loads(path.read_text(encoding="utf-8-sig"))["records"]:
            planned.setdefault(record["attributes"]["type"], []).append(record)
    for path in sorted(folder.rglob("sf_*.csv")):
        if "_history_" not in path.name:
            name = path.name.removeprefix("sf_").removesuffix("_data.csv").replace("_", "")
            with path.open(encoding="utf-8-sig", newline="") as rows:
                planned[name] = list(csv.DictReader(rows))
    return planned


def folded(name: str) -> str:
    return name.lower().replace("_", "")


def as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def as_text(value: Any) -> str | None:
    """Bring a value of a file or of the store to one form for comparison."""
    if value is None or value == "":
        return None
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    number = as_number(text)
    if number is not None:
        return f"{number:.6f}" if not text.startswith("0") or len(text) == 1 or "." in text else text
    if text[4:5] == "-" and text[13:14] == ":":
        return text[:19].replace("T", " ")
    return text


def compared(
    sobject: SObject, name: str, mine: list[Any], theirs: list[Any]
) -> tuple[Counter[str | None], Counter[str | None]]:
    """Make checksums (multisets) of a column from both sides."""
    field = sobject.stored_field(name)
    assert field is not None
    if field.type == "boolean":
        return Counter("true" if value else "false" for value in mine), Counter(
            as_text(value) or "false" for value in theirs
        )
    if field.type == "date":
        return Counter(value and value[:10] for value in mine), Counter(
            (as_text(value) or "")[:10] or None for value in theirs
        )
    return Counter(as_text(value) for value in mine), Counter(as_text(value) for value in theirs)


@pytest.fixture(scope="module", params=RECORD_SETS)
def record_set(
    request: pytest.FixtureRequest, fixtures_dir: Path
) -> Iterator[tuple[Store, dict[str, list[dict[str, Any]]]]]:
    """An org that has one real record set, and what its files say."""
    folder = fixtures_dir / "records" / request.param
    loaded = Store(None, Schema.standard())
    load_paths(loaded, loaded.schema, [folder], user=USER, at=AT)
    yield loaded, expected(folder)
    loaded.close()


def test_real_record_sets_are_held_as_their_files_say(
    record_set: tuple[Store, dict[str, list[dict[str, Any]]]],
) -> None:
    store, said = record_set
    by_name = {folded(sobject.name): sobject for sobject in store.schema}
    seen = 0
    for name, theirs in said.items():
        sobject = by_name[folded(name)]
        mine = rows_of(store, sobject.name)
        assert len(mine) == len(theirs), name
        fields = {folded(field.name): field.name for field in sobject.fields}
        for column in dict.fromkeys(key for record in theirs for key in record):
            field_name = fields.get(folded(column)) or fields.get(f"{folded(column)}c")
            if column == "attributes" or column.startswith("_") or field_name is None:
                assert column == "attributes" or column.startswith("_"), column
                continue
            field = sobject.stored_field(field_name)
            assert field is not None
            if field.type in ("id", "reference"):
                continue
            got, want = compared(
                sobject, field_name, [row[field_name] for row in mine], [record.get(column) for record in theirs]
            )
            assert got == want, f"{sobject.name}.{field_name}"
            seen += 1
    assert seen > 15


def test_references_of_real_record_sets_join(record_set: tuple[Store, dict[str, list[dict[str, Any]]]]) -> None:
    """Every @reference joins to the record of that reference id, recognised by all its own text values."""
    store, said = record_set
    records = {name: rows for name, rows in said.items() if rows and "attributes" in rows[0]}
    if not any(str(value).startswith("@") for rows in records.values() for row in rows for value in row.values()):
        pytest.skip("this set has no @references")
    by_reference = {row["attributes"]["referenceId"]: row for rows in records.values() for row in rows}
    for name, theirs in records.items():
        mine = rows_of(store, name)
        for record in theirs:
            like = [row for row in mine if texts(record).items() <= row.items()]
            assert like, (name, record)
            for column, value in record.items():
                if isinstance(value, str) and value.startswith("@"):
                    assert any(is_record(store, row[column], by_reference[value[1:]]) for row in like), (name, value)


def texts(record: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in record.items() if isinstance(value, str) and value and value[0] != "@"}


def is_record(store: Store, record_id: str, want: dict[str, Any]) -> bool:
    sobject = store.schema.by_prefix(record_id)
    found = store.get(sobject, record_id) if sobject else None
    same_object = sobject is not None and sobject.name == want["attributes"]["type"]
    return same_object and found is not None and texts(want).items() <= found.items()


def test_other_real_files_load_whole(fixtures_dir: Path, store: Store, load_into_store: Load) -> None:
    assert load_into_store(fixtures_dir / "bulk")[-1] == "Account: loaded 210, skipped 0"
    assert store.count(store.schema["Account"]) == 210


def test_files_for_the_command_line_load_whole(fixtures_dir: Path) -> None:
    plan = load([fixtures_dir / "cli-plugin-data"], Schema.standard())
    loaded = {note for note in plan.notes if ": loaded " in note}
    assert {"Account: loaded 10045, skipped 0", "Contact: loaded 28, skipped 0", "Task: loaded 2, skipped 0"} <= loaded
    assert {"Travel_Expense__c: loaded 3, skipped 0", "RecordType: loaded 2, skipped 0"} <= loaded
