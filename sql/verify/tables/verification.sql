-- Verify sffdw:tables/verification on pg

BEGIN;

SELECT mapping_id, is_full, started_at, ended_at, next_at, retry_at, cursor_id, stale_since, seen_until, run_id, look_count, org_count, local_count,
       missing_count, extra_count, different_count, pending_count
FROM sffdw.verification
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.verification'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (
        SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.verification'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.verification', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.verification', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.verification', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.verification', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.verification', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
