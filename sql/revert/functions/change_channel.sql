-- Revert sffdw:functions/change_channel from pg

BEGIN;

DROP FUNCTION sffdw.change_channel(name, name);

COMMIT;
