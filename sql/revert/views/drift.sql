-- Revert sffdw:views/drift from pg

BEGIN;

DROP VIEW sffdw.drift;

COMMIT;
