-- Revert sffdw:functions/job_filter from pg

BEGIN;

DROP FUNCTION sffdw.job_order(sffdw.connection);
DROP FUNCTION sffdw.job_filter(sffdw.connection);
DROP FUNCTION sffdw.relationship_filter(sffdw.connection);
DROP FUNCTION sffdw.awaits_jobs(integer);
DROP FUNCTION sffdw.has_open_jobs(integer);

COMMIT;
