-- Revert sffdw:functions/recover from pg

BEGIN;

DROP FUNCTION sffdw.recover(text, boolean, text);
DROP FUNCTION sffdw.doubt_jobs(sffdw.connection);
DROP FUNCTION sffdw.doubt_claims(sffdw.connection);
DROP FUNCTION sffdw.doubt_inserts(sffdw.connection);

COMMIT;
