-- Revert sffdw:functions/recover from pg

BEGIN;

DROP FUNCTION sffdw.recover(text, boolean, text);

COMMIT;
