"""The tools that start clusters and sandboxes keep their promises about files and names."""

import stat
from pathlib import Path

import pytest

from tools import install, state


def test_environment_file_is_private_and_reads_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)
    values = {"PGPORT": 5433, "SF_PASSWORD": "it's $HOME \"quoted\"", "EMPTY": ""}
    state.write_environment(values, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert state.read_environment(path) == {name: str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("comment", "wanted", "want"),
    [(None, "auto", "bundled"), (None, "bundled", "bundled"), ("ours, bundled with sffdw", "auto", "bundled"),
     ("ours, bundled with sffdw", "bundled", "bundled"), ("multicorn2", "auto", "system"),
     ("multicorn2", "system", "system")])
def test_host_is_chosen_by_the_control_file(tmp_path: Path, comment: str | None, wanted: str, want: str) -> None:
    assert install.host_kind(control_file(tmp_path, comment), wanted) == want


@pytest.mark.parametrize(("comment", "wanted"),
                         [("multicorn2", "bundled"), (None, "system"), ("bundled with sffdw", "system"), (None, "x")])
def test_host_that_would_overwrite_or_miss_the_other_is_refused_with_a_hint(tmp_path: Path, comment: str | None,
                                                                           wanted: str) -> None:
    with pytest.raises(install.InstallError, match="HINT"):
        install.host_kind(control_file(tmp_path, comment), wanted)


def control_file(folder: Path, comment: str | None) -> Path:
    path = folder / "multicorn.control"
    if comment is not None:
        path.write_text(f"comment = '{comment}'\n")
    return path
