-- Revert sffdw:tables/mapping from pg

BEGIN;

DROP TABLE sffdw.mapping;

COMMIT;
