-- Revert sffdw:views/load_progress from pg

BEGIN;

DROP VIEW sffdw.load_progress;

COMMIT;
