-- Verify sffdw:tables/conflict on pg

BEGIN;

SELECT conflict_id, mapping_id, entry_id, sfid, field, local_value, org_value, base_value, resolution, at
FROM sffdw.conflict
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.conflict'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.conflict'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.conflict', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.conflict', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.conflict', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.conflict', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.conflict', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
