-- Revert sffdw:functions/check_server from pg

BEGIN;

DROP FUNCTION sffdw.check_server(name);

COMMIT;
