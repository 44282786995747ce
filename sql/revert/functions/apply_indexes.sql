-- Revert sffdw:functions/apply_indexes from pg

BEGIN;

DROP FUNCTION sffdw.apply_indexes(integer);

COMMIT;
