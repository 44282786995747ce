-- Revert sffdw:procedures/write from pg

BEGIN;

DROP PROCEDURE sffdw.write(interval, text, integer);

COMMIT;
