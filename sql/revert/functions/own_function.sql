-- Revert sffdw:functions/own_function from pg

BEGIN;

DROP FUNCTION sffdw.own_function(text);

COMMIT;
