-- Revert sffdw:functions/json_value from pg

BEGIN;

DROP FUNCTION sffdw.json_value(text, text);
DROP FUNCTION sffdw.json_stamp(text);
DROP FUNCTION sffdw.json_number(text);

COMMIT;
