-- Verify sffdw:tables/mapping_schema on pg

BEGIN;

SELECT mapping_id, digest, key_prefix, gone_at
FROM sffdw.mapping_schema
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.mapping_schema'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.mapping_schema'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_schema', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_schema', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_schema', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_schema', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.mapping_schema', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
