"""Values on their way from Python to PostgreSQL and back."""

from typing import Any

import psycopg
import pytest

from .conftest import Connection, make_table, only_call

# type, SQL literal as text, what Python gets: type name and repr
TO_PYTHON = [
    ("text", "Grüße 😀 'x' \\ \n", "str", repr("Grüße 😀 'x' \\ \n")),
    ("text", "", "str", "''"),
    ("varchar(5)", "äöüß€", "str", "'äöüß€'"),
    ("bpchar", "ab ", "str", "'ab '"),
    ("char(4)", "ab", "str", "'ab  '"),
    ("name", "abc", "str", "'abc'"),
    ("numeric", "12345678901234567890.123456789012345678901234567890", "Decimal",
     "Decimal('12345678901234567890.123456789012345678901234567890')"),
    ("numeric", "NaN", "Decimal", "Decimal('NaN')"),
    ("numeric", "-Infinity", "Decimal", "Decimal('-Infinity')"),
    ("numeric(18,2)", "1.005", "Decimal", "Decimal('1.01')"),
    ("float4", "0.5", "float", "0.5"),
    ("float8", "0.1", "float", "0.1"),
    ("float8", "Infinity", "float", "inf"),
    ("float8", "NaN", "float", "nan"),
    ("int2", "-32768", "int", "-32768"),
    ("int4", "2147483647", "int", "2147483647"),
    ("int8", "-9223372036854775808", "int", "-9223372036854775808"),
    ("oid", "4294967295", "int", "4294967295"),
    ("bool", "true", "bool", "True"),
    ("bool", "false", "bool", "False"),
    ("date", "2024-02-29", "date", "datetime.date(2024, 2, 29)"),
    ("date", "0001-01-01", "date", "datetime.date(1, 1, 1)"),
    ("date", "9999-12-31", "date", "datetime.date(9999, 12, 31)"),
    ("date", "infinity", "str", "'infinity'"),
    ("date", "0044-03-15 BC", "str", "'0044-03-15 BC'"),
    ("timestamp", "1969-12-31 23:59:59.999999", "datetime", "datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)"),
    ("timestamp", "-infinity", "str", "'-infinity'"),
    ("timestamptz", "2024-07-01 12:00:00.25+02", "datetime",
     "datetime.datetime(2024, 7, 1, 10, 0, 0, 250000, tzinfo=datetime.timezone.utc)"),
    ("timestamptz", "infinity", "str", "'infinity'"),
    ("time", "23:59:59.000001", "time", "datetime.time(23, 59, 59, 1)"),
    ("time", "24:00", "str", "'24:00:00'"),
    ("timetz", "10:00+02", "str", "'10:00:00+02'"),
    ("interval", "1 day 02:00", "str", "'1 day 02:00:00'"),
    ("json", '{"a": [1, null]}', "str", repr('{"a": [1, null]}')),
    ("jsonb", '{"a":"ä"}', "str", repr('{"a": "ä"}')),
    ("text[]", '{a,NULL,"b,c"}', "list", "['a', None, 'b,c']"),
    ("int4[]", "{{1,2},{3,4}}", "list", "[[1, 2], [3, 4]]"),
    ("text[]", "{}", "list", "[]"),
    ("numeric[]", "{1.50}", "list", "[Decimal('1.50')]"),
    ("bytea", "\\x00ff61", "bytes", r"b'\x00\xffa'"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "str", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("hstore", "a=>1, b=>NULL", "str", repr('"a"=>"1", "b"=>NULL')),
    ("inet", "127.0.0.1/8", "str", "'127.0.0.1/8'"),
]


@pytest.mark.parametrize(("type_name", "text", "python_type", "python_repr"), TO_PYTHON)
def test_value_reaches_python_and_comes_back(
    db: Connection, type_name: str, text: str, python_type: str, python_repr: str
) -> None:
    make_table(db, "t", "Echo", f"v {type_name}, n {type_name}")
    db.execute("SET timezone = 'America/New_York'")
    db.execute(f"INSERT INTO t VALUES (%s::text::{type_name}, NULL)", [text])
    same = f"v::text IS NOT DISTINCT FROM (%s::text::{type_name})::text AND n IS NULL"
    assert db.execute(f"SELECT {same} FROM t", [text]).fetchall() == [(True,)]
    assert only_call(db, "echo")[1] == {"v": [python_type, python_repr], "n": ["NoneType", "None"]}


# Python expression, column type, the value's text in PostgreSQL
FROM_PYTHON = [
    ("None", "int", None),
    ("'text'", "text", "text"),
    ("b'bytes'", "text", "bytes"),
    ("5", "text", "5"),
    ("True", "text", "true"),
    ("Decimal('1.10')", "text", "1.10"),
    ("{'a': 1}", "text", '{"a": 1}'),
    ("5.0", "int", "5"),
    ("'7'", "int", "7"),
    ("True", "int", "1"),
    ("'yes'", "bool", "true"),
    ("2**70", "numeric", "1180591620717411303424"),
    ("0.1", "numeric", "0.1"),
    ("Decimal('NaN')", "numeric", "NaN"),
    ("Decimal('1E+3')", "numeric", "1000"),
    ("Decimal('2.5')", "float8", "2.5"),
    ("3", "float8", "3"),
    ("float('nan')", "float4", "NaN"),
    ("datetime.date(2024, 2, 29)", "date", "2024-02-29"),
    ("datetime.datetime(2024, 2, 29, 23)", "date", "2024-02-29"),
    ("'infinity'", "date", "infinity"),
    ("datetime.date(2024, 1, 1)", "timestamptz", "2023-12-31 19:00:00-05"),
    ("datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)", "timestamptz", "2023-12-31 19:00:00-05"),
    ("datetime.datetime(2024, 1, 1)", "timestamptz", "2023-12-31 19:00:00-05"),
    ("datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))", "timestamp",
     "2023-12-31 22:00:00"),
    ("datetime.datetime(2024, 1, 1, 0, 0, 0, 999999)", "timestamp(3)", "2024-01-01 00:00:01"),
    ("'2024-01-01T00:00:00.000+0000'", "timestamptz", "2023-12-31 19:00:00-05"),
    ("'2024-02-29T23:59:59.999Z'", "timestamptz", "2024-02-29 18:59:59.999-05"),
    ("'2024-02-29T23:59:59.999Z'", "timestamp", "2024-02-29 23:59:59.999"),
    ("'2024-02-29T23:59:59.600Z'", "timestamp(0)", "2024-03-01 00:00:00"),
    ("'1700-01-01T00:00:00.000+0000'", "timestamp", "1700-01-01 00:00:00"),
    ("'4000-12-31T00:00:00.000Z'", "timestamp", "4000-12-31 00:00:00"),
    ("'2024-01-01T00:00:00.000+0200'", "timestamptz", "2023-12-31 17:00:00-05"),
    ("'äöüß€'", "varchar(5)", "äöüß€"),
    ("datetime.datetime(1, 1, 1)", "timestamp", "0001-01-01 00:00:00"),
    ("datetime.time(1, 2, 3, 4)", "time", "01:02:03.000004"),
    ("'10:00:00.000Z'", "time", "10:00:00"),
    ("{'a': [1, None], 'ä': True}", "jsonb", '{"a": [1, null], "ä": true}'),
    ("[1, 'x']", "jsonb", '[1, "x"]'),
    ("True", "jsonb", "true"),
    ("'{\"raw\": 1}'", "jsonb", '{"raw": 1}'),
    ("{'a': None, 'b\"': 'c\\\\'}", "hstore", '"a"=>NULL, "b\\""=>"c\\\\"'),
    ("['a', None, 'b,c', '']", "text[]", '{a,NULL,"b,c",""}'),
    ("[[1, 2], [3, 4]]", "int[]", "{{1,2},{3,4}}"),
    ("[]", "int[]", "{}"),
    ("('x',)", "varchar(3)[]", "{x}"),
    ("[{'a': 1}, [2]]", "jsonb[]", '{"{\\"a\\": 1}",[2]}'),
    ("'{1,2}'", "int[]", "{1,2}"),
    ("'1 2'", "int2vector", "1 2"),
    ("b'\\x00\\xff'", "bytea", "\\x00ff"),
    ("bytearray(b'a')", "bytea", "\\x61"),
    ("memoryview(b'b')", "bytea", "\\x62"),
    ("uuid.UUID('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("datetime.timedelta(days=1, hours=2)", "interval", "1 day 02:00:00"),
]


@pytest.mark.parametrize(("code", "type_name", "want"), FROM_PYTHON)
def test_python_value_becomes_a_column(db: Connection, code: str, type_name: str, want: str | None) -> None:
    make_table(db, "t", "Literal", f"v {type_name}", code=f"[[{code}]]")
    db.execute("SET timezone = 'America/New_York'")
    assert db.execute("SELECT v::text FROM t").fetchall() == [(want,)]


def test_padded_text_is_padded(db: Connection) -> None:
    make_table(db, "t", "Literal", "v char(4)", code="[['ab']]")
    assert db.execute("SELECT v FROM t").fetchall() == [("ab  ",)]


# Python expression, column type, SQLSTATE
REFUSED = [
    ("2**40", "int", "22003"),
    ("40000", "int2", "22003"),
    ("-1", "oid", "22003"),
    ("2**70", "int8", "22003"),
    ("1e300", "float4", "22003"),
    ("1.5", "int", "22P02"),
    ("'x'", "int", "22P02"),
    ("7", "bool", "22P02"),
    ("'too long'", "varchar(3)", "22001"),
    ("Decimal('1000')", "numeric(4,2)", "22003"),
    ("'2024-02-30'", "date", "22008"),
    ("'2023-02-29T00:00:00.000Z'", "timestamptz", "22008"),
    ("'2023-02-28T24:00:01.000Z'", "timestamp", "22008"),
    ("'äöüß€!'", "varchar(5)", "22001"),
    ("[[1], [2, 3]]", "int[]", "2202E"),
    ("[1, [2]]", "int[]", "22P02"),
    ("[1, None]", "int2vector", "22P02"),
    ("[[1], [2]]", "oidvector", "22P02"),
    ("'{'", "jsonb", "22P02"),
    ("-1", "positive", "23514"),
    ("'a\\0b'", "text", "22021"),
    ("'\\ud800'", "text", "22021"),
]


@pytest.mark.parametrize(("code", "type_name", "sqlstate"), REFUSED)
def test_value_that_does_not_fit_names_its_column(db: Connection, code: str, type_name: str, sqlstate: str) -> None:
    db.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    make_table(db, "t", "Literal", f"k int, v {type_name}", code=f"[[1, {code}]]")
    with pytest.raises(psycopg.Error) as caught:
        db.execute("SELECT * FROM t")
    assert caught.value.sqlstate == sqlstate
    assert 'column "v" of foreign table "t"' in str(caught.value.diag.context)
    assert db.execute("SELECT k FROM t").fetchall() == [(1,)], "a column that is not read is not converted"


def test_domain_is_read_and_checked(db: Connection) -> None:
    db.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    make_table(db, "t", "Literal", "v positive", code="[[1]]")
    assert db.execute("SELECT v FROM t WHERE v = 1").fetchall() == [(1,)]


ROWS = [
    ("[(1, 'a')]", [(1, "a")]),
    ("[[1, 'a'], [2, None]]", [(1, "a"), (2, None)]),
    ("[{'a': 1}]", [(1, None)]),
    ("[{'b': 'x', 'a': 1, 'unknown': 3}]", [(1, "x")]),
    ("[__import__('types').MappingProxyType({'b': 'x'})]", [(None, "x")]),
    ("[range(1, 3)]", [(1, "2")]),
    ("iter([[1, 'a']])", [(1, "a")]),
    ("([i, str(i)] for i in range(2))", [(0, "0"), (1, "1")]),
    ("[]", []),
    ("None", []),
]


@pytest.mark.parametrize(("code", "want"), ROWS)
def test_row_is_a_sequence_or_a_mapping(db: Connection, code: str, want: list[Any]) -> None:
    make_table(db, "t", "Literal", "a int, dropped int, b text", code=code)
    db.execute("ALTER FOREIGN TABLE t DROP COLUMN dropped")
    assert db.execute("SELECT * FROM t").fetchall() == want


def test_text_of_a_database_in_another_encoding(cluster: Any, host_database: str) -> None:
    path = cluster.root / "wrappers"
    cluster.psql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;"
                             f"ALTER DATABASE latin SET multicorn.python_path = '{path}';")
    script = """
        SET client_encoding = 'UTF8'; CREATE EXTENSION multicorn;
        CREATE SERVER literal FOREIGN DATA WRAPPER multicorn OPTIONS (wrapper 'toy_wrappers.Literal');
        CREATE FOREIGN TABLE good(v text, q text) SERVER literal
            OPTIONS (code $$[['Grüße', quals[0].value + str(len(quals[0].value))]]$$);
        CREATE FOREIGN TABLE bad(v text) SERVER literal OPTIONS (code $$[['\\u20ac']]$$);
        CREATE FOREIGN TABLE worse(v text) SERVER literal OPTIONS (code $$1/len('\\u20ac' + str(int('\\u20ac'))) $$);
    """
    cluster.psql("latin", script)
    with psycopg.connect(cluster.dsn("latin"), autocommit=True, client_encoding="UTF8") as db:
        assert db.execute("SELECT v, q FROM good WHERE v = 'Grüße'").fetchall() == [("Grüße", "Grüße5")]
        with pytest.raises(psycopg.Error) as caught:
            db.execute("SELECT * FROM bad")
        assert caught.value.sqlstate == "22P05"
        with pytest.raises(psycopg.Error, match="invalid literal for int"):
            db.execute("SELECT * FROM worse")
