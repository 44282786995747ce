"""`make up` and `make down`: a private cluster with pg_cron, a sandbox, and build/env that says how to reach them."""

import argparse
import os
import sys
from pathlib import Path

from tools.cluster import SUPERUSER, Cluster, bin_dir_of, cron_settings, free_port
from tools.install import extension_dir, host_kind, site_packages
from tools.sandbox import Credentials, Sandbox, new_credentials, start_sandbox
from tools.state import ENV_FILE, read_environment, state_dir, write_environment

DATABASE = "sffdw"


def cluster_in(state: Path, port: int) -> Cluster:
    """The cluster of `make up`."""
    root = state / "postgresql"
    return Cluster(root, bin_dir_of(os.environ["PG_CONFIG"]), port, cron_settings(root, DATABASE),
                   host_environment())


def host_environment() -> dict[str, str]:
    """What the server needs in its environment: with multicorn2, whose Python knows nothing of PREFIX, its path."""
    if host_kind(extension_dir() / "multicorn.control", os.environ.get("MULTICORN", "auto")) == "bundled":
        return {}
    return {"PYTHONPATH": str(site_packages())}


def start(state: Path) -> dict[str, str]:
    """Start what is not running and write build/env; a second call changes nothing that runs."""
    known = read_environment()
    port = int(known.get("PGPORT") or 0) or free_port()
    cluster = cluster_in(state, port)
    cluster.start()
    cluster.create_database(DATABASE)
    sandbox, credentials = running_sandbox(known) or fresh_sandbox(state)
    values = {"PGHOST": str(cluster.socket_dir), "PGPORT": str(port), "PGUSER": SUPERUSER, "PGDATABASE": DATABASE,
              "SANDBOX_URL": sandbox.url, "SANDBOX_PID": str(sandbox.pid), **credentials.for_user()}
    write_environment(values)
    return values


def running_sandbox(known: dict[str, str]) -> tuple[Sandbox, Credentials] | None:
    if not known.get("SANDBOX_URL"):
        return None
    sandbox = Sandbox(known["SANDBOX_URL"], int(known["SANDBOX_PID"]))
    credentials = Credentials(known["SF_CLIENT_ID"], known["SF_CLIENT_SECRET"], known["SF_USERNAME"],
                              known["SF_PASSWORD"], known["SF_SECURITY_TOKEN"])
    return (sandbox, credentials) if sandbox.is_alive() else None


def fresh_sandbox(state: Path) -> tuple[Sandbox, Credentials]:
    folder = state / "sandbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    credentials = new_credentials()
    seed = ["--seed", os.environ["SEED"]] if os.environ.get("SEED") else []
    return start_sandbox(folder / "log", credentials, seed), credentials


def stop(state: Path) -> None:
    known = read_environment()
    if (found := running_sandbox(known)) is not None:
        found[0].stop()
    cluster_in(state, int(known.get("PGPORT") or 0)).stop()
    ENV_FILE.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("start", "stop"))
    what = parser.parse_args().what
    state = state_dir(os.environ.get("STATE") or None)
    if what == "stop":
        stop(state)
        return
    values = start(state)
    print(f"cluster: {values['PGHOST']} port {values['PGPORT']}, database {values['PGDATABASE']}", file=sys.stderr)
    print(f"sandbox: {values['SANDBOX_URL']}", file=sys.stderr)
    print("up: ready")


if __name__ == "__main__":
    main()
