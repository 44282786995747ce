-- Revert sffdw:functions/read_deleted from pg

BEGIN;

DROP FUNCTION sffdw.read_deleted(sffdw.connection, sffdw.mapping, timestamptz);

COMMIT;
