-- Revert sffdw:functions/run_lock from pg

BEGIN;

DROP FUNCTION sffdw.report_lock_holder(bigint, text);
DROP FUNCTION sffdw.take_run_lock(integer, text, integer);
DROP FUNCTION sffdw.run_lock_key(integer, text, integer);

COMMIT;
