"""`make install`: the Multicorn host (unless PostgreSQL has one), the extension, and the Python package in PREFIX.

Builds as the caller, installs with $SUDO. A stamp remembers what was installed where, so that the second run is free.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUNDLED_MARK = "bundled with sffdw"
NOT_FOR_PGXS = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "DATA")


class InstallError(SystemExit):
    """Ends the run with `message` and, on a line of its own, what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"install: {message}\nHINT: {hint}")


def run(command: Sequence[str | Path], sudo: bool = False) -> str:
    """Run a command, with $SUDO where it writes outside the checkout; its output is shown only when it fails."""
    words = [*os.environ.get("SUDO", "").split()] if sudo else []
    # Our make's variables must not reach the make of PGXS, which has a DATA of its own.
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_PGXS}
    done = subprocess.run([*words, *map(str, command)], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"install: {command[0]} ended with {done.returncode}")
    return done.stdout


def pg_config(what: str) -> str:
    return run([os.environ["PG_CONFIG"], what]).strip()


def extension_dir() -> Path:
    return Path(pg_config("--sharedir")) / "extension"


def prefix() -> Path:
    return Path(os.environ["PREFIX"])


def site_packages() -> Path:
    """Where Python code for the server goes: the venv in PREFIX, by the version of the Python that the host links."""
    version = run([os.environ["PYTHON"], "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()
    return prefix() / "lib" / f"python{version}" / "site-packages"


def host_kind(control: Path, wanted: str) -> str:
    """Which host to use, `bundled` or `system`, from what is installed and what the user wants.

    Ours is told from multicorn2 by its control file's comment; a foreign control file is never overwritten.
    """
    found = control.read_text(encoding="utf-8") if control.exists() else None
    is_foreign = found is not None and BUNDLED_MARK not in found
    if wanted == "bundled" and is_foreign:
        raise InstallError(f"{control} belongs to another Multicorn",
                           "Use MULTICORN=system to work with it, or remove that extension first.")
    if wanted == "system" and not is_foreign:
        raise InstallError(f"MULTICORN=system, but {control} is not one of multicorn2",
                           "Install multicorn2 for this PostgreSQL, or use MULTICORN=bundled.")
    if wanted not in ("auto", "bundled", "system"):
        raise InstallError(f'MULTICORN={wanted} is not known', "Valid values are: auto, bundled, system.")
    return "system" if is_foreign else "bundled"


def install_host() -> None:
    arguments = ["-C", "host", f"PG_CONFIG={os.environ['PG_CONFIG']}", f"PYTHON={os.environ['PYTHON']}",
                 f"SITE_PACKAGES={site_packages()}"]
    run(["make", "-s", *arguments, "all"])
    run(["make", "-s", *arguments, "install"], sudo=True)


def install_extension() -> None:
    built = ROOT / "build" / "extension"
    run([sys.executable, "-m", "tools.build_extension", "--output", built])
    target = extension_dir()
    run(["install", "-d", target], sudo=True)
    run(["install", "-m", "0644", *sorted(built.glob("sffdw*")), target], sudo=True)


def install_python(kind: str) -> None:
    """Make the venv in PREFIX and put our package, what it needs and the bundled host's package into it."""
    home = prefix()
    if not (home / "bin" / "python").exists():
        run([os.environ["PYTHON"], "-m", "venv", home], sudo=True)
    wheels = ROOT / "build" / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    shutil.rmtree(ROOT / "build" / "setuptools", ignore_errors=True)
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--no-build-isolation", "-w", wheels, "."])
    wheel = next(wheels.glob("sffdw-*.whl"))
    pip: list[str | Path] = [home / "bin" / "pip", "install", "-qq", "--disable-pip-version-check", "--no-cache-dir"]
    run([*pip, wheel], sudo=True)
    run([*pip, "--no-deps", "--force-reinstall", wheel], sudo=True)
    replace_package(site_packages() / "multicorn", ROOT / "host" / "multicorn" if kind == "bundled" else None)
    run(["chmod", "-R", "a+rX", home], sudo=True)


def replace_package(target: Path, source: Path | None) -> None:
    """Put a package in place by a rename, so that a backend that starts now finds the old one or the new one."""
    new, old = target.with_suffix(".new"), target.with_suffix(".old")
    run(["rm", "-rf", new, old], sudo=True)
    if source is not None:
        run(["cp", "-r", source, new], sudo=True)
        run(["rm", "-rf", new / "__pycache__"], sudo=True)
        # No backend may write there: without bytecode each would compile the package at its start.
        run([prefix() / "bin" / "python", "-m", "compileall", "-q", "-s", new, "-p", target, new], sudo=True)
        run(["chmod", "-R", "a+rX", new], sudo=True)
    if target.exists():
        run(["mv", target, old], sudo=True)
    if source is not None:
        run(["mv", new, target], sudo=True)
    run(["rm", "-rf", old], sudo=True)


def remove() -> None:
    control = extension_dir() / "multicorn.control"
    if control.exists() and BUNDLED_MARK in control.read_text(encoding="utf-8"):
        run(["make", "-s", "-C", "host", f"PG_CONFIG={os.environ['PG_CONFIG']}", f"PYTHON={os.environ['PYTHON']}",
             f"SITE_PACKAGES={site_packages()}", "uninstall"], sudo=True)
    for path in extension_dir().glob("sffdw*"):
        run(["rm", "-f", path], sudo=True)
    if (prefix() / "pyvenv.cfg").exists():
        run(["rm", "-rf", prefix()], sudo=True)


def fingerprint(sources: Sequence[str], kind: str) -> str:
    """What an installation depends on: the sources' content and where they go."""
    digest = hashlib.sha256()
    for part in (os.environ["PG_CONFIG"], os.environ["PYTHON"], str(prefix()), kind):
        digest.update(part.encode() + b"\0")
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def is_installed(stamp: Path, wanted: str) -> bool:
    files = (extension_dir() / "sffdw.control", extension_dir() / "multicorn.control", site_packages() / "sffdw")
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and all(path.exists() for path in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("--stamp", type=Path)
    parser.add_argument("sources", nargs="*")
    arguments = parser.parse_args()
    if not re.fullmatch(r"/[\w./+-]+", str(prefix())):
        raise InstallError(f"PREFIX={prefix()} cannot be used", "Give an absolute path of plain characters.")
    if arguments.remove:
        remove()
        return
    kind = host_kind(extension_dir() / "multicorn.control", os.environ["MULTICORN"])
    wanted = fingerprint(arguments.sources, kind)
    if is_installed(arguments.stamp, wanted):
        return
    print(f"installing for {pg_config('--version')}, host: {kind}")
    if kind == "bundled":
        install_host()
    install_extension()
    install_python(kind)
    arguments.stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
