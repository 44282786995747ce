-- Revert sffdw:triggers/logger from pg

BEGIN;

DROP FUNCTION sffdw.create_logger(name, name, name, text, boolean);

COMMIT;
