-- Revert sffdw:functions/open_stage from pg

BEGIN;

DROP FUNCTION sffdw.open_stage(sffdw.connection, sffdw.mapping);

COMMIT;
