-- Verify sffdw:tables/sync_write on pg

BEGIN;

SELECT marker_id, connection_id, made_at, is_settled
FROM sffdw.sync_write
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.sync_write'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.sync_write'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_write', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_write', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_write', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_write', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.sync_write', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
