-- Revert sffdw:views/sync_runs from pg

BEGIN;

DROP VIEW sffdw.sync_runs;

COMMIT;
