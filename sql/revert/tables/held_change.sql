-- Revert sffdw:tables/held_change from pg

BEGIN;

DROP TABLE sffdw.held_change;

COMMIT;
