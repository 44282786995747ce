-- Revert sffdw:functions/restore_rows from pg

BEGIN;

DROP FUNCTION sffdw.ask_restores(sffdw.connection, sffdw.mapping, integer[]);
DROP FUNCTION sffdw.restore_rows(integer);
DROP FUNCTION sffdw.restore_stage(sffdw.connection, sffdw.row_restore[]);
DROP FUNCTION sffdw.show_rejected(sffdw.connection, sffdw.mapping, text, sffdw.row_restore[]);
DROP FUNCTION sffdw.choose_restores(sffdw.connection);

COMMIT;
