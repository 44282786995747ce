-- Verify sffdw:views/mappings on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.mappings'::pg_catalog.regclass
    ) = 'mapping_id connection_name object_name table_name state state_description access unique_identifier '
        'poll_interval accelerated row_filter types write_mode fields watermark_at watermark_id last_poll_at '
        'next_poll_at org_count org_counted_at local_count pending_write_count failed_write_count '
        'calls_today last_error revision deferred_count',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.mappings'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mappings', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.mappings', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
