-- Revert sffdw:functions/find_mapping from pg

BEGIN;

DROP FUNCTION sffdw.lock_mapping(integer);
DROP FUNCTION sffdw.find_mapping(integer, text);

COMMIT;
