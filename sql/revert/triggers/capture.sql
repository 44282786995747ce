-- Revert sffdw:triggers/capture from pg

BEGIN;

DROP FUNCTION sffdw.drop_capture(name, name);
DROP FUNCTION sffdw.create_capture(name, name, name, text, boolean);

COMMIT;
