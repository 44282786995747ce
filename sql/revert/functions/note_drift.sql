-- Revert sffdw:functions/note_drift from pg

BEGIN;

DROP FUNCTION sffdw.note_repairs(sffdw.mapping, text);
DROP FUNCTION sffdw.note_late(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.different_fields(sffdw.connection, sffdw.mapping);

COMMIT;
