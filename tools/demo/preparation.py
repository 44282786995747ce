"""Brings cluster and org to where the narration starts: an org with content, a database with or without our extension.

The second run keeps the connection and its pg_cron jobs, which tick by the minute, as long as the extension in the
database is the one that is installed now; else everything of an earlier demo is dropped and made again.
"""

import hashlib
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import SERVER_USER, bin_dir_of, is_root
from tools.demo.session import Session
from tools.install import extension_dir
from tools.sandbox import Sandbox

OWNER = "crm"
SERVER = "crm"
MARK = "made by make demo"
DEFAULT_ORG = Path(__file__).parent / "org"


@dataclass(frozen=True)
class Stage:
    """Everything the steps need: the sessions, the org and what build/env says."""

    admin: Session
    owner: Session
    sandbox: Sandbox
    environment: dict[str, str]
    secret_file: Path
    # Seconds to wait for a change to arrive. pg_cron's first tick may be a minute away, the rest takes a second or two.
    patience: float
    # The objects that the loaded folder brought, plus Account and Contact, which the writes use.
    objects: list[str]


def prepare(environment: dict[str, str], state: Path, load: Path, *, patience: float) -> Stage:
    """Load the org from `load` and return the stage."""
    psql = bin_dir_of(os.environ["PG_CONFIG"]) / "psql"
    dsn = (f"host={environment['PGHOST']} port={environment['PGPORT']} dbname={environment['PGDATABASE']} "
           "application_name=demo user=")
    sandbox = Sandbox(environment["SANDBOX_URL"], int(environment["SANDBOX_PID"]))
    return Stage(admin=Session(psql, dsn + environment["PGUSER"], "sffdw=#"),
                 owner=Session(psql, dsn + OWNER, "sffdw=>"), sandbox=sandbox, environment=environment,
                 secret_file=write_secret(environment, state), patience=patience, objects=load_org(sandbox, load))


def load_org(sandbox: Sandbox, load: Path) -> list[str]:
    """Give the org the content of a folder and nothing else; return the objects that have records of it."""
    sandbox.call("POST", "/reset", {})
    before = sandbox.call("GET", "/")["objects"]
    sandbox.call("POST", "/reset", {"load": [str(load.resolve())]}, timeout=300)
    after = sandbox.call("GET", "/")["objects"]
    return sorted({"Account", "Contact"} | {name for name in after if after[name] > before.get(name, 0)})


def write_secret(environment: dict[str, str], state: Path) -> Path:
    """Put the client secret where only the server can read it."""
    path = state / "postgresql" / "client_secret"
    path.touch(mode=0o600)
    path.write_text(environment["SF_CLIENT_SECRET"] + "\n", encoding="utf-8")
    if is_root():
        owner = pwd.getpwnam(SERVER_USER)
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return path


def installed_script() -> str:
    """A fingerprint of the extension script that CREATE EXTENSION would run now."""
    scripts = sorted(extension_dir().glob("sffdw--*.sql"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in scripts)).hexdigest()[:16]


def mark(stage: Stage) -> str:
    """What the server's comment says when this database holds a demo that can be kept."""
    return f"{MARK} for {stage.sandbox.url}, extension script {installed_script()}"


def is_kept(stage: Stage) -> bool:
    """Whether an earlier run's connection can stay. Raises SystemExit where a connection is somebody else's."""
    comment = stage.admin.quiet(
        "SELECT obj_description(oid, 'pg_foreign_server') FROM pg_foreign_server WHERE srvname = 'crm'")
    has_connection = bool(stage.admin.quiet("SELECT to_regclass('sffdw.connection')")) and stage.admin.quiet(
        "SELECT count(*) FROM sffdw.connection") != "0"
    if has_connection and not comment.startswith(MARK):
        raise SystemExit("demo: FAILED this database holds a connection that the demo has not made\n"
                         "HINT: Run the demo with another STATE, or drop that connection first.")
    return has_connection and comment == mark(stage)


def clear(stage: Stage) -> None:
    """Drop what an earlier run left: jobs, tables, connection, extensions."""
    stage.admin.quiet(f"""
        DO $$ BEGIN
            IF to_regclass('cron.job') IS NOT NULL THEN
                DELETE FROM cron.job WHERE jobname LIKE 'sffdw:salesforce:%';
            END IF;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') THEN
                CREATE ROLE {OWNER} LOGIN;
            END IF;
        END $$;
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{OWNER}';
        DROP SCHEMA IF EXISTS live, salesforce, salesforce_live CASCADE;
        DROP EXTENSION IF EXISTS sffdw CASCADE;
        DROP EXTENSION IF EXISTS multicorn CASCADE;
        DROP OWNED BY {OWNER} CASCADE;
        SET client_min_messages = warning;
        CREATE EXTENSION IF NOT EXISTS pg_cron;
    """)
