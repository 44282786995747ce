-- Revert sffdw:functions/open_table from pg

BEGIN;

DROP FUNCTION sffdw.open_table(name, name, boolean);
DROP FUNCTION sffdw.runs_nothing(regclass, boolean);

COMMIT;
