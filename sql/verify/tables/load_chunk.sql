-- Verify sffdw:tables/load_chunk on pg

BEGIN;

SELECT load_transport, load_is_staged, load_began_at
FROM sffdw.mapping
WHERE false;

SELECT mapping_id, chunk_number, first_id, before_id, job_id, job_state, job_created_at, job_count, processed_count,
       locator, row_count, page_rows, look_count, look_at, error_count, error, done_at
FROM sffdw.load_chunk
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.load_chunk'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.load_chunk'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.load_chunk', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.load_chunk', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.load_chunk', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.load_chunk', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.load_chunk', 'TRUNCATE'),
        'no one else may truncate';
END
$do$;

ROLLBACK;
