-- Revert sffdw:functions/check_replication from pg

BEGIN;

DROP FUNCTION sffdw.check_replication(sffdw.connection, boolean);

COMMIT;
