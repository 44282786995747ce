-- Verify sffdw:tables/write_claim on pg

BEGIN;

SELECT connection_id, entry_id, phase, batch_id, batch_position, claimant_pid, claimant_start, claimed_at,
       attempt_count, passing_count, failure_count, next_try_at, asked_at, doubtful_at, is_resent, is_rejected, final_state,
       record_id, is_created, http_status,
       status_code, message, fields
FROM sffdw.write_claim
WHERE false;

DO $do$
BEGIN
    ASSERT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'sffdw.write_claim'::pg_catalog.regclass),
        'row-level security is on';
    ASSERT (SELECT count(*) = 1 FROM pg_catalog.pg_policy WHERE polrelid = 'sffdw.write_claim'::pg_catalog.regclass),
        'one policy decides who sees what';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_claim', 'SELECT'), 'everyone may select';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_claim', 'INSERT'), 'everyone may insert';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_claim', 'UPDATE'), 'everyone may update';
    ASSERT pg_catalog.has_table_privilege('public', 'sffdw.write_claim', 'DELETE'), 'everyone may delete';
    ASSERT NOT pg_catalog.has_table_privilege('public', 'sffdw.write_claim', 'TRUNCATE'), 'no one else may truncate';
END
$do$;

ROLLBACK;
