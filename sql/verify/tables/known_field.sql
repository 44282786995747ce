-- Verify sffdw:tables/known_field on pg

BEGIN;

SELECT mapping_id, field_name, described, gone_at, refused_at
FROM sffdw.known_field
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.known_field'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.known_field'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.known_field', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.known_field', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.known_field', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.known_field', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.known_field', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
