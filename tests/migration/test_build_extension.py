"""How the extension's script is made from the plan."""

from pathlib import Path

import pytest

from tools.build_extension import BuildError, body, build, read_plan, wanted


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def project(folder: Path, plan: str, **scripts: str) -> Path:
    """A project with a plan and deploy scripts, whose bodies are given."""
    files = {"sffdw.control": "default_version = '9.8.7'\n", "sql/sqitch.plan": plan}
    files |= {f"sql/deploy/{name}.sql": f"BEGIN;\n\n{text}\n\nCOMMIT;\n" for name, text in scripts.items()}
    return write(folder, files)


STAMP = "2026-01-01T00:00:00Z a <a@b.invalid> #\n"


def test_changes_come_in_plan_order_under_a_guard(tmp_path: Path) -> None:
    root = project(tmp_path, f"%project=x\n\nb {STAMP}a [b] {STAMP}", a="SELECT 'a';", b="SELECT 'b';")
    version, script = build(root)
    assert version == "9.8.7"
    assert script.splitlines()[0] == '\\echo Use "CREATE EXTENSION sffdw" to load this file. \\quit'
    assert script.index("SELECT 'b';") < script.index("SELECT 'a';")
    assert "COMMIT" not in script and "BEGIN" not in script


def test_commit_of_a_procedure_stays(tmp_path: Path) -> None:
    procedure = "CREATE PROCEDURE p() AS $$\nBEGIN\nCOMMIT;\nEND\n$$;"
    path = write(tmp_path, {"p.sql": f"-- Deploy\nBEGIN;\n{procedure}\nCOMMIT;\n"}) / "p.sql"
    assert body(path) == f"-- Deploy\n{procedure}\n"


def test_includes_are_inlined_relative_to_the_script(tmp_path: Path) -> None:
    write(tmp_path, {"sql/deploy/triggers/t.sql": "BEGIN;\n\\ir ../../../triggers/t.sql\nCOMMIT;\n",
                     "triggers/t.sql": "SELECT 'included';\n"})
    assert body(tmp_path / "sql/deploy/triggers/t.sql") == "SELECT 'included';\n"


def test_reworked_change_comes_once_and_last(tmp_path: Path) -> None:
    plan = f"f {STAMP}@v1 {STAMP}g {STAMP}f [f@v1] {STAMP}"
    root = project(tmp_path, plan, **{"f": "SELECT 'new';", "f@v1": "SELECT 'old';", "g": "SELECT 'g';"})
    assert [change.path.name for change in wanted(read_plan(root / "sql"))] == ["g.sql", "f.sql"]


def test_early_version_stays_where_a_change_between_requires_it(tmp_path: Path) -> None:
    plan = f"f {STAMP}@v1 {STAMP}g [f] {STAMP}f [f@v1] {STAMP}"
    root = project(tmp_path, plan, **{"f": "", "f@v1": "", "g": ""})
    assert [change.path.name for change in wanted(read_plan(root / "sql"))] == ["f@v1.sql", "g.sql", "f.sql"]


def test_marked_tables_are_kept_by_pg_dump(tmp_path: Path) -> None:
    root = project(tmp_path, f"t {STAMP}", t="-- extension dumps: x.t, x.t_id_seq\nSELECT 1;")
    assert build(root)[1].endswith("SELECT pg_catalog.pg_extension_config_dump('x.t', '');\n"
                                   "SELECT pg_catalog.pg_extension_config_dump('x.t_id_seq', '');\n")


@pytest.mark.parametrize("text", [
    "SELECT 1;\n",
    "BEGIN;\nSELECT 1;\n",
    "BEGIN;\nCOMMIT;\nSELECT 1;\n",
    "BEGIN;\n\\set x 1\nCOMMIT;\n",
])
def test_script_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {"x.sql": text}) / "x.sql"
    with pytest.raises(BuildError, match=r"x\.sql"):
        body(path)
