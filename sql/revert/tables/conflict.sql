-- Revert sffdw:tables/conflict from pg

BEGIN;

DROP TABLE sffdw.conflict;

COMMIT;
