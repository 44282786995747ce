-- Revert sffdw:functions/notify from pg

BEGIN;

DROP FUNCTION sffdw.notify(integer, text, text);

COMMIT;
