-- Verify sffdw:views/load_progress on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.load_progress'::pg_catalog.regclass
    ) = 'connection_name object_name phase transport job_id chunks_done chunks_total rows_done rows_expected '
        'started_at',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.load_progress'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.load_progress', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.load_progress', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
