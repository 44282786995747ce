-- Revert sffdw:procedures/maintain from pg

BEGIN;

DROP PROCEDURE sffdw.maintain(timestamptz, text);

COMMIT;
