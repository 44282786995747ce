-- Revert sffdw:tables/drift_record from pg

BEGIN;

DROP TABLE sffdw.drift_record;

COMMIT;
