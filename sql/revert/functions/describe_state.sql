-- Revert sffdw:functions/describe_state from pg

BEGIN;

DROP FUNCTION sffdw.describe_state(text);

COMMIT;
