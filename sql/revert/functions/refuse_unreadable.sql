-- Revert sffdw:functions/refuse_unreadable from pg

BEGIN;

DROP FUNCTION sffdw.refuse_unreadable(integer, text);
DROP FUNCTION sffdw.find_unreadable(sffdw.connection, integer, integer);

COMMIT;
