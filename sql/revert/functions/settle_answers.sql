-- Revert sffdw:functions/settle_answers from pg

BEGIN;

DROP FUNCTION sffdw.settle_answers(integer);
DROP FUNCTION sffdw.report_failures(sffdw.connection, integer[]);
DROP FUNCTION sffdw.close_entries(sffdw.connection, integer[]);
DROP FUNCTION sffdw.overtake_deletes(sffdw.connection, integer[]);
DROP FUNCTION sffdw.write_back_each(sffdw.connection, sffdw.mapping, sffdw.row_result[]);
DROP FUNCTION sffdw.make_results(sffdw.connection, integer[]);
DROP FUNCTION sffdw.lock_answered(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.answered_entries(sffdw.connection, text);
DROP FUNCTION sffdw.error_json(integer, text, text, text[]);

COMMIT;
