-- Revert sffdw:functions/write_mode from pg

BEGIN;

DROP FUNCTION sffdw.apply_write_mode(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.refuse_open_entries(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.check_write_mode(sffdw.mapping);

COMMIT;
