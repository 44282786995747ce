-- Revert sffdw:functions/write_back from pg

BEGIN;

DROP FUNCTION sffdw.write_back(text, text, sffdw.row_result[]);
DROP TYPE sffdw.row_result;

COMMIT;
