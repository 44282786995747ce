-- Revert sffdw:functions/check_connection from pg

BEGIN;

DROP FUNCTION sffdw.refuse_recovery(sffdw.connection);
DROP FUNCTION sffdw.check_connection(integer);
DROP FUNCTION sffdw.find_cluster_mismatch(sffdw.connection);
DROP FUNCTION sffdw.find_org_mismatch(sffdw.connection, text);

COMMIT;
