-- Revert sffdw:functions/divert_resent from pg

BEGIN;

DROP FUNCTION sffdw.divert_resent(sffdw.connection, integer[]);

COMMIT;
