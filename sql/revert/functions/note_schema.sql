-- Revert sffdw:functions/note_schema from pg

BEGIN;

DROP FUNCTION sffdw.note_gone(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.find_by_prefix(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.note_answer(sffdw.mapping, sffdw.schema_answer);
DROP FUNCTION sffdw.settled_action(text);
DROP FUNCTION sffdw.note_fields(sffdw.mapping, jsonb);
DROP TYPE sffdw.schema_answer;

COMMIT;
