-- Revert sffdw:functions/confirm_made from pg

BEGIN;

DROP FUNCTION sffdw.confirm_made(sffdw.connection, sffdw.write_request[]);
DROP FUNCTION sffdw.find_gone(sffdw.connection, sffdw.mapping, sffdw.write_request[]);

COMMIT;
