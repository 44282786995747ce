-- Revert sffdw:triggers/status from pg

BEGIN;

DROP FUNCTION sffdw.create_status(name, name, boolean);

COMMIT;
