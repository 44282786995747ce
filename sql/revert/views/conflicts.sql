-- Revert sffdw:views/conflicts from pg

BEGIN;

DROP VIEW sffdw.conflicts;

COMMIT;
