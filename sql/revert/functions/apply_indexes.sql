-- Revert sffdw:functions/apply_indexes from pg

BEGIN;

DROP FUNCTION sffdw.apply_indexes(integer);
DROP FUNCTION sffdw.create_index(name, name, name, name, boolean);
DROP FUNCTION sffdw.wanted_indexes(integer);

COMMIT;
