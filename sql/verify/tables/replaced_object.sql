-- Verify sffdw:tables/replaced_object on pg

BEGIN;

SELECT connection_id, position, kind, object_name, table_name, definition, description, enabled, privileges
FROM sffdw.replaced_object
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.replaced_object'::pg_catalog.regclass),
        'owners see their own rows';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.replaced_object', 'INSERT'), 'owners may write';
END
$do$;

ROLLBACK;
