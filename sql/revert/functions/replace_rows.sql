-- Revert sffdw:functions/replace_rows from pg

BEGIN;

DROP FUNCTION sffdw.replace_rows(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.stage_unfound(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.stage_differences(sffdw.connection, sffdw.mapping, text);

COMMIT;
