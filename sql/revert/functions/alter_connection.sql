-- Revert sffdw:functions/alter_connection from pg

BEGIN;

DROP FUNCTION sffdw.alter_connection(text, jsonb, text);
DROP FUNCTION sffdw.refuse_open_entries(sffdw.connection);

COMMIT;
