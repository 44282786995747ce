-- Revert sffdw:triggers/log_notify from pg

BEGIN;

DROP FUNCTION sffdw.create_log_notify(name);

COMMIT;
