-- Verify sffdw:views/write_errors on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.write_errors'::pg_catalog.regclass
    ) = 'connection_name entry_id archived table_name record_id sfid action status_code message remedy '
        'attempt_count created_at processed_at',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.write_errors'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_errors', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.write_errors', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
