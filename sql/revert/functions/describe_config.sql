-- Revert sffdw:functions/describe_config from pg

BEGIN;

DROP FUNCTION sffdw.mirror_config(integer);
DROP FUNCTION sffdw.describe_config(integer);

COMMIT;
