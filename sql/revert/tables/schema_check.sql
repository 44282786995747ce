-- Revert sffdw:tables/schema_check from pg

BEGIN;

DROP TABLE sffdw.schema_check;

COMMIT;
