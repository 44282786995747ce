-- Revert sffdw:tables/replaced_object from pg

BEGIN;

DROP TABLE sffdw.replaced_object;

COMMIT;
