-- Revert sffdw:functions/read_deleted from pg

BEGIN;

DROP FUNCTION sffdw.read_deleted(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.compare_all(sffdw.mapping, text);
DROP FUNCTION sffdw.ask_deleted(sffdw.connection, sffdw.mapping, timestamptz, timestamptz);

COMMIT;
