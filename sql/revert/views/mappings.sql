-- Revert sffdw:views/mappings from pg

BEGIN;

DROP VIEW sffdw.mappings;

COMMIT;
