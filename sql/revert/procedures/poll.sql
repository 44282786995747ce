-- Revert sffdw:procedures/poll from pg

BEGIN;

DROP PROCEDURE sffdw.poll(text, boolean, interval, timestamptz, text, integer);

COMMIT;
