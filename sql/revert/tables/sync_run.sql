-- Revert sffdw:tables/sync_run from pg

BEGIN;

DROP TABLE sffdw.sync_run;

COMMIT;
