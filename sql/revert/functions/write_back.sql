-- Revert sffdw:functions/write_back from pg

BEGIN;

DROP FUNCTION sffdw.write_back_within(text, text, sffdw.row_result[]);
DROP FUNCTION sffdw.write_back(text, text, sffdw.row_result[]);
DROP FUNCTION sffdw.write_results(text, text, sffdw.row_result[], boolean);
DROP TYPE sffdw.row_result;

COMMIT;
