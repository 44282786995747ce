-- Revert sffdw:functions/log_event from pg

BEGIN;

DROP FUNCTION sffdw.log_event(integer, text, text, text, text, bigint, bigint);

COMMIT;
