-- Revert sffdw:functions/summarize_log from pg

BEGIN;

DROP FUNCTION sffdw.summarize_log(name);

COMMIT;
