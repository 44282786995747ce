-- Revert sffdw:functions/request_resync from pg

BEGIN;

DROP FUNCTION sffdw.request_resync(integer);

COMMIT;
