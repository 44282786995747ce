-- Revert sffdw:views/log from pg

BEGIN;

DROP VIEW sffdw.log;

COMMIT;
