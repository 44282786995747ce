-- Revert sffdw:functions/check_metadata from pg

BEGIN;

DROP FUNCTION sffdw.refuse_unavailable(sffdw.connection);
DROP FUNCTION sffdw.find_missing_table(sffdw.connection);

COMMIT;
