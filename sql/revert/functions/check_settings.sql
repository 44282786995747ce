-- Revert sffdw:functions/check_settings from pg

BEGIN;

DROP FUNCTION sffdw.check_settings(jsonb);

COMMIT;
