"""Shared files are private, whole and locked."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sffdw.errors import Error
from sffdw.spool import Spool
from tests.unit.wrapper.conftest import Pauses


def test_files_are_private_and_replaced_whole(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), Pauses())
    assert spool.read("a") is None
    spool.write("a", b"one")
    spool.write("a", b"two")
    assert spool.read("a") == b"two"
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "spool" / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["a"]
    spool.remove("a")
    spool.remove("a")
    assert spool.read("a") is None


def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(Error) as caught:
        Spool(str(tmp_path / "open"), Pauses()).read("a")
    assert "spool_directory" in str(caught.value.hint)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(Error):
        Spool(str(tmp_path / "link"), Pauses()).read("a")


def test_a_directory_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(Error, match=str(tmp_path / "no" / "spool")):
        Spool(str(tmp_path / "no" / "spool"), Pauses()).write("a", b"")


def test_a_symbolic_link_in_the_directory_is_not_followed(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), Pauses())
    spool.write("b", b"")
    (tmp_path / "target").write_bytes(b"secret")
    os.symlink(tmp_path / "target", tmp_path / "spool" / "a")
    with pytest.raises(OSError, match="symbolic"):
        spool.read("a")


def test_a_lock_held_elsewhere_is_waited_for_within_a_bound(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "spool"), Pauses())
    with spool.locked("a", 0, "busy"):
        held = "import sys; sys.path.insert(0, sys.argv[2]);" + textwrap.dedent("""
            from sffdw.spool import Spool
            from sffdw.errors import Error
            try:
                with Spool(sys.argv[1], lambda seconds: None).locked("a", 0.05, "busy"):
                    print("taken")
            except Error as error:
                print(error.sqlstate)
        """)
        run = [sys.executable, "-c", held, str(tmp_path / "spool"), str(Path(__file__).parents[3])]
        assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "SF005\n"
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "taken\n"
