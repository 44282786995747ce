-- Revert sffdw:functions/find_remedy from pg

BEGIN;

DROP FUNCTION sffdw.find_remedy(text, text);

COMMIT;
