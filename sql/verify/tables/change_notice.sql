-- Verify sffdw:tables/change_notice on pg

BEGIN;

SELECT notice_id, mapping_id, noticed_at, gone_ids
FROM sffdw.change_notice
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.change_notice'::pg_catalog.regclass),
        'owners see their own rows';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.change_notice', 'INSERT'), 'owners may write';
END
$do$;

ROLLBACK;
