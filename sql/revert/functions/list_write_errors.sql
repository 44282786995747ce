-- Revert sffdw:functions/list_write_errors from pg

BEGIN;

DROP FUNCTION sffdw.list_write_errors(integer, name);

COMMIT;
