-- Revert sffdw:functions/read_intents from pg

BEGIN;

DROP FUNCTION sffdw.has_ended(text);
DROP FUNCTION sffdw.forget_intents(sffdw.connection, text[]);
DROP FUNCTION sffdw.read_intents(sffdw.connection, text[]);
DROP FUNCTION sffdw.list_intents(sffdw.connection);
DROP FUNCTION sffdw.find_origin(sffdw.connection);
DROP TYPE sffdw.sync_intent;

COMMIT;
