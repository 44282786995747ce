-- Revert sffdw:tables/write_claim from pg

BEGIN;

DROP TABLE sffdw.write_claim;

COMMIT;
