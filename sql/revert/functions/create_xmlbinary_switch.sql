-- Revert sffdw:functions/create_xmlbinary_switch from pg

BEGIN;

DROP FUNCTION sffdw.create_xmlbinary_switch();

COMMIT;
