-- Revert sffdw:functions/plain_value from pg

BEGIN;

DROP FUNCTION sffdw.plain_value(jsonb, text);

COMMIT;
