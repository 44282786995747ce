-- Revert sffdw:functions/find_mapping from pg

BEGIN;

DROP FUNCTION sffdw.find_mapping(integer, text);

COMMIT;
