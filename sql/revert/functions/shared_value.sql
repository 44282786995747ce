-- Revert sffdw:functions/shared_value from pg

BEGIN;

DROP FUNCTION sffdw.past_values(sffdw.connection, text, integer, integer, name, timestamptz);
DROP FUNCTION sffdw.logged_value(text, text, text);
DROP FUNCTION sffdw.shared_value(jsonb, text, text);

COMMIT;
