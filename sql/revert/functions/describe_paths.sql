-- Revert sffdw:functions/describe_paths from pg

BEGIN;

DROP FUNCTION sffdw.describe_paths(sffdw.connection, text, text[], text);
DROP FUNCTION sffdw.describe_path(sffdw.connection, text, text, text);
DROP FUNCTION sffdw.describe_lookup(sffdw.connection, text, text);

COMMIT;
