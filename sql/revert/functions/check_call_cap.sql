-- Revert sffdw:functions/check_call_cap from pg

BEGIN;

DROP FUNCTION sffdw.check_call_cap(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.is_capped(integer);
DROP FUNCTION sffdw.calls_today(sffdw.connection, sffdw.mapping);

COMMIT;
