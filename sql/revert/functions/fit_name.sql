-- Revert sffdw:functions/fit_name from pg

BEGIN;

DROP FUNCTION sffdw.fit_name(text);

COMMIT;
