-- Revert sffdw:functions/create_internal_tables from pg

BEGIN;

DROP FUNCTION sffdw.create_internal_tables(name);

COMMIT;
