-- Revert sffdw:views/held_changes from pg

BEGIN;

DROP VIEW sffdw.held_changes;

COMMIT;
