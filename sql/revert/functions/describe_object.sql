-- Revert sffdw:functions/describe_object from pg

BEGIN;

DROP FUNCTION sffdw.describe_object(sffdw.connection, text);

COMMIT;
