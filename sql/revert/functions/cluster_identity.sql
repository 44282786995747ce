-- Revert sffdw:functions/cluster_identity from pg

BEGIN;

DROP FUNCTION sffdw.cluster_identity();

COMMIT;
