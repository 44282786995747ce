-- Revert sffdw:tables/mapping_schema from pg

BEGIN;

DROP TABLE sffdw.mapping_schema;

COMMIT;
