-- Revert sffdw:functions/finish_ingest from pg

BEGIN;

DROP FUNCTION sffdw.finish_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.read_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.close_job(sffdw.connection, sffdw.ingest_job, text);
DROP FUNCTION sffdw.return_entries(sffdw.connection, sffdw.ingest_job, text, text, text);

COMMIT;
