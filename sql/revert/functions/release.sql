-- Revert sffdw:functions/release from pg

BEGIN;

DROP FUNCTION sffdw.release(text, text, boolean, text);
DROP FUNCTION sffdw.release_deletes(sffdw.connection, sffdw.mapping, boolean);

COMMIT;
