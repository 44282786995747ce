-- Verify sffdw:views/held_changes on pg

BEGIN;

DO $do$
BEGIN
    -- Names and order are what people rely on.
    ASSERT (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sffdw.held_changes'::pg_catalog.regclass
    ) = 'connection_name object_name direction action entry_count oldest_at threshold reason',
        'the columns are the documented ones';
    ASSERT (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = 'sffdw.held_changes'::pg_catalog.regclass)
        = '{security_invoker=true}', 'row-level security applies to whoever asks';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.held_changes', 'SELECT'), 'everyone may select';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.held_changes', 'UPDATE'), 'no one else may update';
END
$do$;

ROLLBACK;
