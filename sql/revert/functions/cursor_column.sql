-- Revert sffdw:functions/cursor_column from pg

BEGIN;

DROP FUNCTION sffdw.cursor_column(sffdw.connection, sffdw.mapping);

COMMIT;
