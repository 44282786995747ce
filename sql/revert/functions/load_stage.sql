-- Revert sffdw:functions/load_stage from pg

BEGIN;

DROP FUNCTION sffdw.clear_load_stage(sffdw.connection, sffdw.mapping, text, text);
DROP FUNCTION sffdw.put_aside(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.open_load_stage(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.drop_load_stage(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.load_stage(sffdw.connection, sffdw.mapping);

COMMIT;
