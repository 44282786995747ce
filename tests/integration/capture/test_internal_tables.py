"""The internal tables and functions of a connection's schema, by name, type, default and index."""

from typing import Any

from .queries import Session, rows

LOG = [
    ("id", "integer", True, "nextval('salesforce._trigger_log_id_seq'::regclass)"),
    ("txid", "bigint", False, None),
    ("created_at", "timestamp with time zone", False, "now()"),
    ("updated_at", "timestamp with time zone", False, "now()"),
    ("processed_at", "timestamp with time zone", False, None),
    ("processed_tx", "bigint", False, None),
    ("state", "character varying(8)", False, None),
    ("action", "character varying(7)", False, None),
    ("table_name", "character varying(128)", False, None),
    ("record_id", "integer", False, None),
    ("sfid", "character varying(18)", False, None),
    ("old", "text", False, None),
    ("values", "text", False, None),
    ("sf_result", "integer", False, None),
    ("sf_message", "text", False, None),
]
# The archive has no defaults of its own but one: libraries insert without an id.
ARCHIVE = [LOG[0]] + [(name, kind, False, None) for name, kind, _, _ in LOG[1:]]
TABLES = {
    "_trigger_log": LOG,
    "_trigger_log_archive": ARCHIVE,
    "_hcmeta": [
        ("id", "integer", True, "nextval('salesforce._hcmeta_id_seq'::regclass)"),
        ("hcver", "integer", False, None),
        ("org_id", "character varying(50)", False, None),
        ("details", "text", False, None),
    ],
    "_sf_event_log": [
        ("id", "integer", True, "nextval('salesforce._sf_event_log_id_seq'::regclass)"),
        ("table_name", "character varying(128)", False, None),
        ("action", "character varying(7)", False, None),
        ("synced_at", "timestamp with time zone", False, "now()"),
        ("sf_timestamp", "timestamp with time zone", False, None),
        ("sfid", "character varying(20)", False, None),
        ("record", "text", False, None),
        ("processed", "boolean", False, None),
    ],
}
INDEXES = {
    "_trigger_log_pkey": "(id)",
    "_trigger_log_idx_created_at": "(created_at)",
    "_trigger_log_idx_state_id": "(state, id)",
    "_trigger_log_idx_state_table_name":
        "(state, table_name) WHERE (((state)::text = 'NEW'::text) OR ((state)::text = 'PENDING'::text))",
    "_trigger_log_archive_pkey": "(id)",
    "_trigger_log_archive_idx_created_at": "(created_at)",
    "_trigger_log_archive_idx_record_id": "(record_id)",
    "_trigger_log_archive_idx_state_table_name": "(state, table_name) WHERE ((state)::text = 'FAILED'::text)",
    "_hcmeta_pkey": "(id)",
    "_sf_event_log_pkey": "(id)",
    "idx__sf_event_log_comp_key": "(table_name, synced_at)",
    "idx__sf_event_log_sfid": "(sfid)",
}


def columns_of(session: Session, table: str) -> list[tuple[Any, ...]]:
    return session.execute(
        """SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                  pg_get_expr(d.adbin, d.adrelid)
           FROM pg_attribute a
           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attnum""", [table]).fetchall()


def test_internal_tables_have_the_columns_of_the_contract_in_their_order(account: Session) -> None:
    assert {table: columns_of(account, f"salesforce.{table}") for table in TABLES} == TABLES


def test_internal_tables_have_the_indexes_of_the_contract_and_no_others(account: Session) -> None:
    found = rows(account, "SELECT indexname, substr(indexdef, strpos(indexdef, 'btree ') + 6) FROM pg_indexes "
                          "WHERE schemaname = 'salesforce' AND tablename LIKE '\\_%'")
    assert dict(found) == INDEXES


def test_only_the_primary_keys_are_unique(account: Session) -> None:
    found = rows(account, "SELECT conname, contype::text FROM pg_constraint "
                          "WHERE connamespace = 'salesforce'::regnamespace AND conrelid::regclass::text ~ '\\._'")
    assert set(found) == {(f"{table}_pkey", "p") for table in TABLES}


def test_log_is_vacuumed_by_count_and_not_by_share(account: Session) -> None:
    options = rows(account, "SELECT reloptions FROM pg_class WHERE oid = 'salesforce._trigger_log'::regclass")
    assert options == [(["fillfactor=60", "autovacuum_vacuum_threshold=1000", "autovacuum_vacuum_scale_factor=0"],)]


def test_archive_row_without_an_id_takes_the_next_one_of_the_log(account: Session) -> None:
    (first,), = rows(account, "INSERT INTO salesforce._trigger_log (state) VALUES ('SUCCESS') RETURNING id")
    (second,), = rows(account, "INSERT INTO salesforce._trigger_log_archive (state) VALUES ('SUCCESS') RETURNING id")
    assert second == first + 1


def test_metadata_names_the_org_and_mirrors_the_settings(account: Session) -> None:
    found = rows(account, """
           SELECT h.org_id = c.org_id, h.details::jsonb #>> '{connection,organization_id}' = c.org_id,
                  h.details::jsonb #>> '{mappings,0,object_name}',
                  h.details::jsonb #>> '{mappings,0,config,upsert_field}',
                  h.details::jsonb #> '{mappings,0,config,indexes}'
           FROM salesforce._hcmeta h CROSS JOIN sffdw.connection c""")
    assert found == [(True, True, "Account", "External_Id__c", {
        "Id": {"unique": True}, "SystemModstamp": {"unique": False}, "External_Id__c": {"unique": True},
        "OwnerId": {"unique": False}})]


def test_switch_is_an_inlinable_function_in_public_that_no_extension_owns(account: Session) -> None:
    found = rows(account, """
           SELECT p.prorettype::regtype::text, l.lanname, p.provolatile, p.proconfig,
                  EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
           FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
           WHERE p.oid = 'public.get_xmlbinary()'::regprocedure""")
    assert found == [("character varying", "sql", "s", None, False)]
    assert rows(account, "SELECT public.get_xmlbinary()") == [("base64",)]
    account.execute("SET xmlbinary = 'hex'")
    assert rows(account, "SELECT public.get_xmlbinary()") == [("hex",)]


def test_a_switch_that_is_there_already_stays_as_it_is(database: Session, live: Session) -> None:
    with database.transaction():
        database.execute("CREATE FUNCTION public.get_xmlbinary() RETURNS varchar LANGUAGE plpgsql AS "
                         "'BEGIN RETURN current_setting(''xmlbinary''); END'")
    live.execute("SELECT sffdw.create_connection('sf')")
    assert rows(live, "SELECT l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang "
                        "WHERE p.oid = 'public.get_xmlbinary()'::regprocedure") == [("plpgsql",)]


def test_repair_functions_have_the_signatures_of_the_contract(account: Session) -> None:
    found = rows(account, """
           SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)
           FROM pg_proc p WHERE p.pronamespace = 'salesforce'::regnamespace AND p.proname LIKE 'hc\\_capture%'
           ORDER BY 1""")
    assert found == [
        ("hc_capture_insert_from_row", "source_row hstore, table_name character varying, "
         "excluded_cols text[] DEFAULT ARRAY[]::text[]", "integer"),
        ("hc_capture_update_from_row", "source_row hstore, table_name character varying, "
         "columns_to_include text[] DEFAULT ARRAY[]::text[]", "integer"),
    ]


def test_everything_in_both_schemas_belongs_to_the_owner(account: Session) -> None:
    found = rows(account, """
           SELECT DISTINCT pg_get_userbyid(o.owner)
           FROM (
               SELECT relowner FROM pg_class
               WHERE relnamespace IN ('salesforce'::regnamespace, 'salesforce_live'::regnamespace)
               UNION ALL
               SELECT proowner FROM pg_proc WHERE pronamespace = 'salesforce'::regnamespace
               UNION ALL
               SELECT nspowner FROM pg_namespace WHERE nspname IN ('salesforce', 'salesforce_live')
           ) AS o (owner)""")
    assert found == [("crm_owner",)]
