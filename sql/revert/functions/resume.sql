-- Revert sffdw:functions/resume from pg

BEGIN;

DROP FUNCTION sffdw.resume(text, text);

COMMIT;
