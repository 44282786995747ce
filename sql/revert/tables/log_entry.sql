-- Revert sffdw:tables/log_entry from pg

BEGIN;

DROP TABLE sffdw.log_entry;

COMMIT;
