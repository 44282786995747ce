-- Revert sffdw:functions/reload from pg

BEGIN;

DROP FUNCTION sffdw.reload(text, text);
DROP FUNCTION sffdw.request_reload(integer);

COMMIT;
