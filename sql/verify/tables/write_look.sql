-- Verify sffdw:tables/write_look on pg

BEGIN;

SELECT connection_id, kind, look_at, is_stale
FROM sffdw.write_look
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.write_look'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.write_look'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_look', 'SELECT, INSERT, UPDATE, DELETE'),
        'everyone may read and write';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.write_look', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
