-- Revert sffdw:functions/build_index from pg

BEGIN;

DROP FUNCTION sffdw.build_index(integer);
DROP FUNCTION sffdw.drop_load_indexes(integer);

COMMIT;
