-- Revert sffdw:functions/caught_error from pg

BEGIN;

DROP FUNCTION sffdw.end_throttle(integer);
DROP FUNCTION sffdw.record_connection_error(integer, jsonb, boolean);
DROP FUNCTION sffdw.raise_caught(jsonb);
DROP FUNCTION sffdw.error_state(jsonb);

COMMIT;
