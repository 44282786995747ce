-- Revert sffdw:functions/notify from pg

BEGIN;

DROP FUNCTION sffdw.notify_count(integer, text, text, bigint, text);
DROP FUNCTION sffdw.notify(integer, text, text);

COMMIT;
