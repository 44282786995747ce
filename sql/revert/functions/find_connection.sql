-- Revert sffdw:functions/find_connection from pg

BEGIN;

DROP FUNCTION sffdw.find_connection(text);

COMMIT;
