"""The wrapper's own house: who imports whom, and what the host gets to see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sffdw import ereport, fdw
from sffdw import errors as errors_module
from sffdw.errors import Error, SoqlRejected
from tests.unit.wrapper.conftest import OPTIONS

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "sffdw"
ORDER = ("errors", "options", "types", "soql", "planner", "host", "spool", "intents", "calls", "auth", "answers",
         "wire", "retry", "simple", "failures", "body", "transport", "ahead", "client", "delimited", "bulk", "ingest",
         "events", "connection", "describe", "narrow", "scan", "extract", "entries", "writer", "sync_writer", "table",
         "live", "system", "imports", "ereport", "fdw")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = sorted([*PACKAGE.glob("*.py"), *(PACKAGE / "system").glob("*.py")])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_those_before_it(path: Path) -> None:
    own = "system" if path.parent.name == "system" else path.stem
    if own == "__init__":
        return
    names = {name.split(".")[1] for name in imported(path) if name.startswith("sffdw.")}
    late = {name for name in names & set(ORDER) if name != own and ORDER.index(name) >= ORDER.index(own)}
    # fdw and connection import at first use what planning does not need.
    assert late <= {"client", "transport", "ahead", "bulk", "ingest", "events"} & set(ORDER)
    assert "sandbox" not in names
    if own not in ("ereport", "fdw"):
        assert not any(name.split(".")[0] == "multicorn" for name in imported(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_stay_short_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 400
    assert ast.get_docstring(ast.parse(text))


def test_the_validator_imports_nothing_that_talks_to_salesforce() -> None:
    script = ("import sys; import sffdw; sffdw.SalesforceFdw.validate_options({'object': 'Account'}, 'table');"
              "print(sorted({'requests', 'simple_salesforce', 'jwt', 'sffdw.client'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_a_backend_loads_no_more_than_it_needs_and_others_get_it_whole() -> None:
    script = ("import sys; import sffdw.transport;"
              "print(sorted({'zeep', 'lxml', 'jwt', 'more_itertools', 'simple_salesforce'} & set(sys.modules)));"
              "import jwt, zeep, simple_salesforce as s, simple_salesforce.bulk2 as b;"
              "print(*(one.__module__ for one in (jwt.encode, zeep.Client, s.SalesforceLogin, b.Operation)))")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [
        "[]", "jwt.api_jwt zeep.client simple_salesforce.login simple_salesforce.bulk2"]


def test_every_error_class_has_a_documented_sqlstate() -> None:
    classes = [found for found in vars(errors_module).values() if isinstance(found, type) and issubclass(found, Error)]
    for found in classes:
        assert len(found.sqlstate) == 5
        assert found.__name__ == "Error" or found.sqlstate in (errors_module.__doc__ or ""), found


def test_our_errors_reach_the_host_whole() -> None:
    def fail() -> None:
        raise SoqlRejected("no", detail="d", hint="h")

    with pytest.raises(Error) as caught:
        ereport.reporting(fail)()
    assert (caught.value.sqlstate, caught.value.detail, caught.value.hint) == ("SF009", "d", "h")


def test_a_host_without_sqlstate_gets_it_in_the_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def log(message: str, level: int, *, hint: str | None, detail: str | None) -> None:
        seen.append((message, level, hint, detail))
        raise RuntimeError(message)

    monkeypatch.setattr(ereport, "HOST_FEATURES", frozenset())
    monkeypatch.setattr(ereport, "log_to_postgres", log)
    with pytest.raises(RuntimeError):
        ereport.report(SoqlRejected("no", detail="d", hint="h"))
    assert seen == [("no", ereport.ERROR, "h", "SQLSTATE SF009. d")]


def test_a_defect_shows_no_values() -> None:
    def fail() -> None:
        {"secret": 1}["hush"]

    with pytest.raises(Error) as caught:
        ereport.reporting(fail)()
    assert caught.value.sqlstate == "XX000"
    assert "hush" not in f"{caught.value} {caught.value.detail}"


def test_errors_while_rows_are_read_are_reported_too() -> None:
    rows = ereport.reporting_rows(iter([1, 2]))
    assert next(rows) == 1
    table = fdw.SalesforceFdw(OPTIONS | {"object": "_nope"}, {})
    with pytest.raises(Error) as caught:
        list(table.execute([], []))
    assert caught.value.sqlstate == "SF007"
