-- Revert sffdw:functions/count_rows from pg

BEGIN;

DROP FUNCTION sffdw.count_rows(name, name);

COMMIT;
