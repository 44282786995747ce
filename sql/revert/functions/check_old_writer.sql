-- Revert sffdw:functions/check_old_writer from pg

BEGIN;

DROP FUNCTION sffdw.check_old_writer(name, boolean);

COMMIT;
