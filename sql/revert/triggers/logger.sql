-- Revert sffdw:triggers/logger from pg

BEGIN;

DROP FUNCTION sffdw.create_logger(name, name, name, text, boolean);
DROP FUNCTION sffdw.order_captures(name, name, name);

COMMIT;
