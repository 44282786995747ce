-- Revert sffdw:tables/sync_write from pg

BEGIN;

DROP TABLE sffdw.sync_write;

COMMIT;
