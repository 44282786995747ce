-- Verify sffdw:tables/write_release on pg

BEGIN;

SELECT mapping_id, until_entry, in_progress, is_restored, is_discard, entry_count, page_wise, cursor_id, requested_at,
       run_id
FROM sffdw.write_release
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.write_release'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.write_release'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_release', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_release', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_release', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_release', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.write_release', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
