-- Verify sffdw:tables/field_sweep on pg

BEGIN;

SELECT mapping_id, purpose, columns, cursor_id, row_count, requested_at, run_id
FROM sffdw.field_sweep
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.field_sweep'::pg_catalog.regclass),
        'owners see their own rows';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.field_sweep', 'INSERT'), 'owners may write';
END
$do$;

ROLLBACK;
