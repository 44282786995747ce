-- Revert sffdw:functions/shared_value from pg

BEGIN;

DROP FUNCTION sffdw.past_values(sffdw.connection, text, sffdw.past_change[], timestamptz);
DROP TYPE sffdw.past_change;
DROP FUNCTION sffdw.logged_value(text, text, text);
DROP FUNCTION sffdw.shared_value(jsonb, text, text);

COMMIT;
