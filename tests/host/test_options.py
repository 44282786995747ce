"""Options: who may set them, who judges them, and when a change is seen."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from .conftest import Connection, calls, make_table

# statement, SQLSTATE, message, hint (its beginning)
REFUSED = [
    ("CREATE SERVER x FOREIGN DATA WRAPPER multicorn", "HV00J", 'option "wrapper" is required', "Name a Python class"),
    ("CREATE SERVER x FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers')", "HV024",
     'invalid value for option "wrapper": "toy_wrappers"', "It must be the dotted path of a subclass"),
    ("CREATE SERVER x FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'no_such.Class')", "HV024",
     'invalid value for option "wrapper": "no_such.Class"', "It must be the dotted path of a subclass"),
    ("CREATE SERVER x FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Missing')", "HV024",
     'invalid value for option "wrapper": "toy_wrappers.Missing"', "It must be the dotted path of a subclass"),
    ("CREATE SERVER x FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.NotAWrapper')", "HV024",
     'invalid value for option "wrapper": "toy_wrappers.NotAWrapper"', "It must be the dotted path of a subclass"),
    ("ALTER SERVER importer OPTIONS (SET wrapper 'os.path')", "HV024", None, "It must be the dotted path"),
    ("ALTER SERVER importer OPTIONS (DROP wrapper)", "HV00J", 'option "wrapper" is required', "Name a Python class"),
    ("ALTER SERVER importer OPTIONS (ADD urn 'x')", "HV00D", 'invalid option "urn"',
     "Valid options in this context are: url, wrapper."),
    ("CREATE USER MAPPING FOR CURRENT_USER SERVER importer OPTIONS (passwort 'x')", "HV00D",
     'invalid option "passwort"', "Valid options in this context are: password, user."),
    ("CREATE USER MAPPING FOR CURRENT_USER SERVER importer OPTIONS (wrapper 'os.path')", "HV00D",
     'invalid option "wrapper"', 'The option "wrapper" belongs to the server.'),
    ("CREATE FOREIGN TABLE t (x int) SERVER importer OPTIONS (wrapper 'toy_wrappers.Memory')", "HV00D",
     'invalid option "wrapper"', 'The option "wrapper" belongs to the server.'),
    ("CREATE FOREIGN TABLE t (x int) SERVER importer OPTIONS (objekt 'x')", "HV00D", 'invalid option "objekt"',
     "Valid options in this context are: object."),
    ("CREATE FOREIGN TABLE t (x int OPTIONS (feld 'x')) SERVER importer", "HV00D", 'invalid option "feld"',
     "Valid options in this context are: field."),
    ("ALTER FOREIGN TABLE good OPTIONS (ADD objekt 'x')", "HV00D", 'invalid option "objekt"',
     "Valid options in this context are: object."),
    ("ALTER FOREIGN TABLE good ALTER x OPTIONS (ADD feld 'x')", "HV00D", 'invalid option "feld"',
     "Valid options in this context are: field."),
    ("ALTER FOREIGN DATA WRAPPER multicorn OPTIONS (ADD x 'y')", "HV00D", 'invalid option "x"',
     "The foreign data wrapper itself has no options"),
]


@pytest.mark.parametrize(("statement", "sqlstate", "message", "hint"), REFUSED)
def test_wrong_option_is_refused_at_once(
    db: Connection, statement: str, sqlstate: str, message: str | None, hint: str
) -> None:
    make_table(db, "good", "Importer", "x int", object="x")
    with pytest.raises(psycopg.Error) as caught:
        db.execute(statement)
    assert caught.value.sqlstate == sqlstate
    assert message is None or caught.value.diag.message_primary == message
    assert str(caught.value.diag.message_hint).startswith(hint)


def test_option_set_inside_a_function_is_judged_by_any_wrapper(db: Connection) -> None:
    db.execute("DROP SERVER IF EXISTS other; CREATE SERVER other FOREIGN DATA WRAPPER multicorn "
               "OPTIONS (wrapper 'toy_wrappers.Importer')")
    make_table(db, "good", "Importer", "x int")
    db.execute("DO $$BEGIN ALTER FOREIGN TABLE good OPTIONS (ADD object 'x'); END$$")
    set_options = db.execute("SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'good'::regclass").fetchall()
    assert set_options == [(["object=x"],)]
    db.execute("DROP SERVER other")


@pytest.fixture
def plain_user(db: Connection, connect: Callable[..., Connection]) -> Iterator[Connection]:
    db.execute("DO $$BEGIN CREATE ROLE host_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    db.execute("GRANT USAGE ON FOREIGN DATA WRAPPER multicorn TO host_plain")
    [(schema,)] = db.execute("SELECT current_schema").fetchall()
    db.execute(f"GRANT ALL ON SCHEMA {schema} TO host_plain")
    yield connect(user="host_plain")
    db.execute("DROP SERVER IF EXISTS owned CASCADE")


def test_only_superusers_name_a_wrapper(db: Connection, plain_user: Connection) -> None:
    create = "CREATE SERVER owned FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Importer')"
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        plain_user.execute(create)
    assert caught.value.diag.message_primary == 'permission denied to set option "wrapper"'
    assert "ALTER SERVER" in str(caught.value.diag.message_hint)
    db.execute(create)
    db.execute("ALTER SERVER owned OWNER TO host_plain")
    plain_user.execute("ALTER SERVER owned OPTIONS (ADD url 'x')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        plain_user.execute("ALTER SERVER owned OPTIONS (SET wrapper 'toy_wrappers.Memory')")


def test_validator_knows_the_user(db: Connection, plain_user: Connection) -> None:
    db.execute("CREATE SERVER owned FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Importer')")
    db.execute("GRANT USAGE ON FOREIGN SERVER owned TO host_plain")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only superusers may"):
        plain_user.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER owned OPTIONS (password 'superuser only')")
    db.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER owned OPTIONS (password 'superuser only')")


CHANGES = [
    "ALTER SERVER memory OPTIONS (ADD colour 'red')",
    "ALTER SERVER memory OPTIONS (SET colour 'blue')",
    "ALTER FOREIGN TABLE t OPTIONS (ADD size '5')",
    "ALTER FOREIGN TABLE t ADD extra text",
    "ALTER FOREIGN TABLE t ALTER extra OPTIONS (ADD field 'x')",
    "ALTER FOREIGN TABLE t RENAME extra TO further",
    "CREATE USER MAPPING FOR CURRENT_USER SERVER memory OPTIONS (user 'u')",
    "ALTER USER MAPPING FOR CURRENT_USER SERVER memory OPTIONS (SET user 'v')",
    "DROP USER MAPPING FOR CURRENT_USER SERVER memory",
    "CREATE USER MAPPING FOR PUBLIC SERVER memory OPTIONS (user 'p')",
    "DROP USER MAPPING FOR PUBLIC SERVER memory",
    "ALTER SERVER memory OPTIONS (DROP colour)",
]


def test_change_makes_a_new_instance_in_every_session(db: Connection, connect: Callable[..., Connection]) -> None:
    make_table(db, "t", "Memory", "id int")
    other = connect()
    for session in (db, other):
        session.execute("SELECT FROM t")
        calls(session)
    for change in CHANGES:
        db.execute(change)
        for session in (db, other):
            session.execute("SELECT FROM t")
            session.execute("SELECT FROM t")
            assert len(calls(session, "init")) == 1, change


def test_what_changes_nothing_keeps_the_instance(db: Connection) -> None:
    make_table(db, "t", "Memory", "id int")
    db.execute("SELECT FROM t")
    calls(db)
    for statement in ("COMMENT ON FOREIGN TABLE t IS 'x'", "GRANT SELECT ON t TO PUBLIC", "CREATE TABLE other (x int)",
                      "ALTER SERVER importer OPTIONS (ADD url 'x')", "ALTER SERVER importer OPTIONS (DROP url)"):
        db.execute(statement)
        db.execute("SELECT FROM t")
    assert calls(db, "init") == []


def test_prepared_statement_sees_a_change(db: Connection) -> None:
    make_table(db, "t", "Memory", "id int", rows='[{"id": 1}]', name="p")
    db.execute("PREPARE q AS SELECT id FROM t")
    assert db.execute("EXECUTE q").fetchall() == [(1,)]
    db.execute("ALTER FOREIGN TABLE t OPTIONS (SET name 'p2', SET rows '[{\"id\": 2}]')")
    assert db.execute("EXECUTE q").fetchall() == [(2,)]


def test_user_mapping_wins_over_server_and_server_over_table(db: Connection) -> None:
    db.execute("CREATE SERVER clash FOREIGN DATA WRAPPER multicorn "
               "OPTIONS (wrapper 'toy_wrappers.Literal', a 'server', b 'server')")
    db.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER clash OPTIONS (a 'mapping')")
    make_table(db, "t", "clash", "a text, b text, c text", a="table", b="table", c="table",
               code="[[options[k] for k in 'abc']]")
    assert db.execute("SELECT * FROM t").fetchall() == [("mapping", "server", "table")]
    db.execute("DROP SERVER clash CASCADE")


def test_view_uses_its_owners_mapping(db: Connection, plain_user: Connection) -> None:
    db.execute("CREATE SERVER owned FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Literal')")
    db.execute("CREATE USER MAPPING FOR postgres SERVER owned OPTIONS (who 'owner')")
    db.execute("CREATE USER MAPPING FOR host_plain SERVER owned OPTIONS (who 'caller')")
    make_table(db, "t", "owned", "who text", code="[[options['who']]]")
    db.execute("CREATE VIEW v AS SELECT * FROM t")
    db.execute("CREATE VIEW inside WITH (security_invoker) AS SELECT * FROM t")
    db.execute("GRANT SELECT ON t, v, inside TO host_plain")
    assert plain_user.execute("SELECT who FROM v").fetchall() == [("owner",)]
    assert plain_user.execute("SELECT who FROM inside").fetchall() == [("caller",)]
    assert plain_user.execute("SELECT v.who, t.who FROM v, t").fetchall() == [("owner", "caller")]


def test_write_through_a_view_uses_its_owners_mapping(db: Connection, plain_user: Connection) -> None:
    db.execute("CREATE SERVER owned FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Memory')")
    db.execute("CREATE USER MAPPING FOR postgres SERVER owned OPTIONS (name 'owner')")
    db.execute("CREATE USER MAPPING FOR host_plain SERVER owned OPTIONS (name 'caller')")
    make_table(db, "t", "owned", "id int")
    db.execute("CREATE VIEW v AS SELECT * FROM t; GRANT ALL ON t, v TO host_plain")
    plain_user.execute("INSERT INTO v VALUES (1), (2)")
    plain_user.execute("UPDATE v SET id = 3 WHERE id = 1; DELETE FROM v WHERE id = 2")
    assert plain_user.execute("SELECT id FROM v").fetchall() == [(3,)]
    assert plain_user.execute("SELECT id FROM t").fetchall() == []
    assert {call[1] for call in calls(plain_user, "init")} == {"owner", "caller"}


def test_instance_is_per_user(db: Connection, plain_user: Connection) -> None:
    make_table(db, "t", "Memory", "id int")
    db.execute("GRANT SELECT ON t TO host_plain")
    for role in ("postgres", "host_plain", "postgres", "host_plain"):
        db.execute(f"SET ROLE {role}")
        db.execute("SELECT FROM t")
    assert len(calls(db, "init")) == 2
