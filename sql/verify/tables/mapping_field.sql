-- Verify sffdw:tables/mapping_field on pg

BEGIN;

SELECT mapping_id, field_name, column_name, sf_type, pg_type, is_createable, is_updateable, is_calculated,
       is_indexed, is_unique, length, target_object, left_out_since
FROM sffdw.mapping_field
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.mapping_field'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.mapping_field'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_field', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_field', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_field', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.mapping_field', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.mapping_field', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
