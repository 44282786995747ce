-- Revert sffdw:functions/choose_ingest from pg

BEGIN;

DROP FUNCTION sffdw.choose_ingest(sffdw.connection);
DROP FUNCTION sffdw.claim_ingest(sffdw.connection, integer);
DROP FUNCTION sffdw.fill_ingest(sffdw.connection, sffdw.ingest_run);
DROP FUNCTION sffdw.flat_record(jsonb);
DROP FUNCTION sffdw.names_related(integer, text);
DROP FUNCTION sffdw.find_ingest_run(sffdw.connection, integer);
DROP FUNCTION sffdw.is_ingest_paused(integer, text);
DROP FUNCTION sffdw.pause_ingest(integer, text, timestamptz, text);

DROP TYPE sffdw.ingest_run;

COMMIT;
