-- Verify sffdw:views/connections on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.connections'::pg_catalog.regclass
    ) = 'connection_name server_name schema_name live_schema_name owner_name state mappings_summary_state '
        'org_id api_version write_algorithm paused pending_write_count oldest_pending_at held_count '
        'calls_today calls_limit throttled_until last_poll_at last_write_at last_error last_error_at',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.connections'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.connections', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.connections', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
