-- Revert sffdw:tables/mapping_field from pg

BEGIN;

DROP TABLE sffdw.mapping_field;

COMMIT;
