-- Revert sffdw:functions/settle_gone from pg

BEGIN;

DROP FUNCTION sffdw.settle_gone(sffdw.connection, sffdw.mapping, boolean);
DROP FUNCTION sffdw.choose_gone(sffdw.mapping, boolean, boolean);
DROP FUNCTION sffdw.judge_deletes(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.confirm_gone(sffdw.connection, sffdw.mapping);

COMMIT;
