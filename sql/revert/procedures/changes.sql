-- Revert sffdw:procedures/changes from pg

BEGIN;

DROP PROCEDURE sffdw.changes(interval, text, integer);

COMMIT;
