-- Revert sffdw:views/deferred_row from pg

BEGIN;

DROP VIEW sffdw.deferred_row;

COMMIT;
