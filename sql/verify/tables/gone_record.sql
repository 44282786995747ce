-- Verify sffdw:tables/gone_record on pg

BEGIN;

SELECT mapping_id, sfid, found_by, found_at, confirmed_at, is_released, kept_until, tried_at, attempts, error
FROM sffdw.gone_record
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.gone_record'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.gone_record'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.gone_record', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.gone_record', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.gone_record', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.gone_record', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.gone_record', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
