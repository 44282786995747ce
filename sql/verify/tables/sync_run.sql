-- Verify sffdw:tables/sync_run on pg

BEGIN;

SELECT run_id, connection_id, object_name, purpose, started_at, ended_at, outcome, read_count, inserted_count,
       updated_count, deleted_count, unchanged_count, call_count, byte_count, error
FROM sffdw.sync_run
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.sync_run'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.sync_run'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_run', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_run', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_run', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.sync_run', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.sync_run', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
