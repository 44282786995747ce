-- Revert sffdw:functions/note_truncate from pg

BEGIN;

DROP FUNCTION sffdw.note_truncate(name, name);

COMMIT;
