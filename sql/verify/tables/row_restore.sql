-- Verify sffdw:tables/row_restore on pg

BEGIN;

SELECT mapping_id, entry_id, action, record_id, sfid, asked_at, next_try_at, done_at
FROM sffdw.row_restore
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.row_restore'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.row_restore'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.row_restore', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.row_restore', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.row_restore', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.row_restore', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.row_restore', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
