-- Verify sffdw:tables/connection on pg

BEGIN;

SELECT connection_id, connection_name, server_name, schema_name, live_schema_name, owner_role, state,
       write_algorithm, paused_in, paused_out, org_id, api_version, api_limit, system_identifier, timeline_id,
       data_directory, database_oid, hstore_schema, run_search_path, options, created_at, last_poll_at, last_write_at,
       last_error, last_error_at, throttled_until
FROM sffdw.connection
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.connection'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.connection'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.connection', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.connection', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.connection', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.connection', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.connection', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
