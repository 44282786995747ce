-- Verify sffdw:tables/schema_check on pg

BEGIN;

SELECT connection_id, next_at, full_at, error
FROM sffdw.schema_check
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.schema_check'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.schema_check'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.schema_check', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.schema_check', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.schema_check', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.schema_check', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.schema_check', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
