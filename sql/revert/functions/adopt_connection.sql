-- Revert sffdw:functions/adopt_connection from pg

BEGIN;

DROP FUNCTION sffdw.adopt_connection(name, name, jsonb, text, text);
DROP FUNCTION sffdw.check_adopted_server(sffdw.connection, jsonb);

COMMIT;
