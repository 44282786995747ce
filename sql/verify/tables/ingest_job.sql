-- Verify sffdw:tables/ingest_job on pg

BEGIN;

SELECT job_number, connection_id, table_name, object_name, action, operation, external_id_field, batch_id,
       entry_count, phase, job_id, state, message, started_at, look_at, look_count, error_count, call_count,
       byte_count
FROM sffdw.ingest_job
WHERE false;

SELECT job_number, entry_id, connection_id, table_name, row_id, record, record_key
FROM sffdw.ingest_record
WHERE false;

SELECT connection_id, table_name, until, reason
FROM sffdw.ingest_pause
WHERE false;

DO $do$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['sffdw.ingest_job', 'sffdw.ingest_record', 'sffdw.ingest_pause'] LOOP
        ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = v_table::pg_catalog.regclass),
            v_table || ': row-level security is on';
        ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = v_table::pg_catalog.regclass),
            v_table || ': one policy decides who sees what';
        ASSERT pg_catalog.has_table_privilege('public', v_table, 'SELECT, INSERT, UPDATE, DELETE'),
            v_table || ': everyone may read and write';
        ASSERT NOT pg_catalog.has_table_privilege('public', v_table, 'TRUNCATE'), v_table || ': no one else may truncate';
    END LOOP;
END
$do$;

ROLLBACK;
