-- Revert sffdw:functions/hold_deletes from pg

BEGIN;

DROP FUNCTION sffdw.note_gone(sffdw.mapping, text);
DROP FUNCTION sffdw.hold_back_deletes(sffdw.connection, sffdw.mapping, text, text);
DROP FUNCTION sffdw.add_gone(integer, text[], text, timestamptz);
DROP FUNCTION sffdw.has_hold(integer, text, text);
DROP FUNCTION sffdw.delete_threshold(sffdw.connection, sffdw.mapping, bigint);

COMMIT;
