-- Revert sffdw:functions/refuse_superuser from pg

BEGIN;

DROP FUNCTION sffdw.refuse_superuser(name);

COMMIT;
