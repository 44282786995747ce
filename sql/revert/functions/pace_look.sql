-- Revert sffdw:functions/pace_look from pg

BEGIN;

DROP FUNCTION sffdw.end_looks(integer);
DROP FUNCTION sffdw.outdate_looks(integer);
DROP FUNCTION sffdw.look_again(integer);
DROP FUNCTION sffdw.note_look(integer, text, timestamptz);
DROP FUNCTION sffdw.may_look(integer, text);

COMMIT;
