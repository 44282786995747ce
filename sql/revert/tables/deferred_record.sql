-- Revert sffdw:tables/deferred_record from pg

BEGIN;

DROP TABLE sffdw.deferred_record;

COMMIT;
