-- Verify sffdw:views/sync_runs on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.sync_runs'::pg_catalog.regclass
    ) = 'run_id connection_name object_name purpose started_at ended_at outcome read_count inserted_count '
        'updated_count deleted_count unchanged_count call_count byte_count error',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.sync_runs'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_runs', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.sync_runs', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
