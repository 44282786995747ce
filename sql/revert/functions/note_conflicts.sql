-- Revert sffdw:functions/note_conflicts from pg

BEGIN;

DROP FUNCTION sffdw.note_conflicts(sffdw.connection, sffdw.mapping, text, timestamptz);
DROP FUNCTION sffdw.open_changes(sffdw.connection, sffdw.mapping, text, timestamptz);
DROP FUNCTION sffdw.note_conflict(integer, text, sffdw.field_conflict, text);
DROP TYPE sffdw.field_conflict;

COMMIT;
