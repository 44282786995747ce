-- Revert sffdw:functions/find_hstore_schema from pg

BEGIN;

DROP FUNCTION sffdw.find_hstore_schema();

COMMIT;
