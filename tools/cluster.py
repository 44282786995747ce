"""A private PostgreSQL cluster in a folder of its own: never the system's, and never as root.

As root the cluster belongs to the operating system user of the PostgreSQL packages (`postgres`); as anybody else, to
whoever calls. Clients connect over a socket in a directory that only the owner (and root) can enter, hence `trust`.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SERVER_USER = "postgres"
SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_min_messages": "warning",
    "timezone": "'UTC'",
    # Each cluster here is thrown away by its maker; a kill -9 of a backend needs no fsync to be survived.
    "fsync": "off",
}


@dataclass(frozen=True)
class Cluster:
    """Where a cluster lies and how it is reached; `root` holds data/, run/ and log."""

    root: Path
    bin_dir: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def socket_dir(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    def dsn(self, dbname: str = "postgres", user: str = SUPERUSER) -> str:
        """Connection string for libpq."""
        return f"host={self.socket_dir} port={self.port} user={user} dbname={dbname}"

    def is_running(self) -> bool:
        return (self.data / "PG_VERSION").exists() and self._pg_ctl("status", check=False).returncode == 0

    def start(self) -> None:
        """Make the cluster if it is not there, write its settings, start it and wait until it answers."""
        make_private(self.root)
        if not (self.data / "PG_VERSION").exists():
            self._run("initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                      "--locale", "C.UTF-8", "--no-sync")
        self._run_shell(["mkdir", "-p", "-m", "0700", str(self.socket_dir)])
        self._write_settings()
        if not self.is_running():
            self._pg_ctl("start", "-w", "-t", "60", "-l", str(self.log))

    def stop(self) -> None:
        if self.is_running():
            self._pg_ctl("stop", "-w", "-m", "fast")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def create_database(self, name: str) -> None:
        """Make the database unless it is there."""
        self.psql("postgres", f"SELECT 'CREATE DATABASE {name}' WHERE NOT EXISTS "
                              f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec")

    def psql(self, dbname: str, script: str) -> str:
        """Run a script as the superuser and return what psql printed."""
        done = subprocess.run(
            [self.bin_dir / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.dsn(dbname)],
            input=script, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout

    def _write_settings(self) -> None:
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": f"'{self.socket_dir}'"}
        lines = [f"{name} = {value}\n" for name, value in (settings | dict(self.settings)).items()]
        self._run_shell(["tee", str(self.data / "postgresql.auto.conf")], stdin="".join(lines))

    def _pg_ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", "-D", str(self.data), *arguments, check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._run_shell([str(self.bin_dir / program), *arguments], check=check)

    def _run_shell(self, command: Sequence[str], stdin: str | None = None,
                   check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(as_server_user(command), input=stdin or "", text=True, check=False, cwd="/",
                              env=server_environment() | dict(self.environment),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}\nSee {self.log}")
        return done


def cron_settings(root: Path, database: str) -> dict[str, str]:
    """pg_cron for one database, by libpq over the socket: its worker mode stalls behind one long job."""
    return {"shared_preload_libraries": "'pg_cron'", "cron.database_name": f"'{database}'",
            "cron.use_background_workers": "off", "cron.host": f"'{root / 'run'}'"}


def is_root() -> bool:
    return os.geteuid() == 0


def as_server_user(command: Sequence[str]) -> list[str]:
    """Prefix a command so that it runs as the user that may run PostgreSQL."""
    return ["setpriv", f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--init-groups", *command] if is_root() \
        else list(command)


def server_environment() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", "TZ": "UTC"}


def make_private(folder: Path) -> None:
    """Create a 0700 folder for the server's user. Parents must exist and be passable for that user."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_root():
        owner = pwd.getpwnam(SERVER_USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def can_server_user_enter(folder: Path) -> bool:
    return subprocess.run(as_server_user(["test", "-x", str(folder)]), check=False).returncode == 0


def free_port() -> int:
    """A TCP port nobody listens on now; PostgreSQL uses it to name its socket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bin_dir_of(pg_config: str) -> Path:
    return Path(subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
