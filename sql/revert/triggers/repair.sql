-- Revert sffdw:triggers/repair from pg

BEGIN;

DROP FUNCTION sffdw.create_repair_functions(name, name);

COMMIT;
