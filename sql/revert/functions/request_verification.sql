-- Revert sffdw:functions/request_verification from pg

BEGIN;

DROP FUNCTION sffdw.request_verification(text, text);

COMMIT;
