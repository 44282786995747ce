-- Revert sffdw:functions/release_writes from pg

BEGIN;

DROP FUNCTION sffdw.release_writes(sffdw.connection, sffdw.mapping, boolean);

COMMIT;
