-- Revert sffdw:functions/archive_entries from pg

BEGIN;

DROP FUNCTION sffdw.start_maintain(text);
DROP FUNCTION sffdw.maintain_step(integer, timestamptz);
DROP FUNCTION sffdw.trim_job_runs(sffdw.connection, timestamptz);
DROP FUNCTION sffdw.purge_old(sffdw.connection, timestamptz);
DROP FUNCTION sffdw.archive_entries(sffdw.connection, timestamptz);

COMMIT;
