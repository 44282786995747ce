-- Revert sffdw:triggers/repair from pg

BEGIN;

DROP FUNCTION sffdw.drop_log_functions(name, name);
DROP FUNCTION sffdw.create_repair_functions(name, name);

COMMIT;
