-- Revert sffdw:functions/drop_mapping from pg

BEGIN;

DROP FUNCTION sffdw.drop_mapping(text, boolean, text);
DROP FUNCTION sffdw.warn_unsent(name, name);

COMMIT;
