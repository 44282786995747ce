"""Where `make up` keeps its cluster and sandbox, and the file that tells others how to reach them."""

import hashlib
import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from tools.cluster import can_server_user_enter

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = Path(os.environ.get("ENV_FILE") or ROOT / "build" / "env")
# sun_path holds 107 bytes; 90 leave room for the name of the socket's lock file and a longer port.
LONGEST_SOCKET_PATH = 90


def state_dir(wanted: str | None = None) -> Path:
    """The folder for cluster and sandbox: `wanted`, else build/state, else a private one under /var/tmp.

    The last is taken where the server's user cannot reach the checkout (a home of mode 0700) or the path of a socket
    would be too long. Its name is fixed per user and checkout so that `make down` finds it again.
    """
    state = Path(wanted).resolve() if wanted else ROOT / "build" / "state"
    state.parent.mkdir(parents=True, exist_ok=True)
    if is_usable(state):
        return make_passable(state)
    digest = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    return make_passable(Path("/var/tmp") / f"sffdw-{os.getuid()}-{digest}")


def is_usable(state: Path) -> bool:
    socket_path = state / "postgresql" / "run" / ".s.PGSQL.65535"
    return len(os.fsencode(socket_path)) <= LONGEST_SOCKET_PATH and can_server_user_enter(state.parent)


def make_passable(state: Path) -> Path:
    """Create the folder so that the server's user can pass through it and nobody else can list it."""
    state.mkdir(mode=0o711, exist_ok=True)
    owner = state.lstat()
    if owner.st_uid != os.getuid() or not stat.S_ISDIR(owner.st_mode):
        raise SystemExit(f"{state} is not a folder of ours: set STATE to another folder")
    state.chmod(0o711)
    return state


def write_environment(values: Mapping[str, object], path: Path = ENV_FILE) -> None:
    """Write shell assignments that only we can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        os.fchmod(descriptor, 0o600)
        out.writelines(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())


def read_environment(path: Path = ENV_FILE) -> dict[str, str]:
    """The assignments of build/env; empty when nothing was started."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name: shlex.split(value)[0] if value else "" for name, value in pairs}
