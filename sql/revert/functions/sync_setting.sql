-- Revert sffdw:functions/sync_setting from pg

BEGIN;

DROP FUNCTION sffdw.sync_setting(jsonb, text);
DROP FUNCTION sffdw.sync_defaults();

COMMIT;
