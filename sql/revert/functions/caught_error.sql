-- Revert sffdw:functions/caught_error from pg

BEGIN;

DROP FUNCTION sffdw.record_connection_error(integer, jsonb);
DROP FUNCTION sffdw.raise_caught(jsonb);

COMMIT;
