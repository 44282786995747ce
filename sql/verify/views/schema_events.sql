-- Verify sffdw:views/schema_events on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.schema_events'::pg_catalog.regclass
    ) = 'event_id connection_name object_name field kind old new action at',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.schema_events'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.schema_events', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.schema_events', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
