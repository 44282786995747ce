-- Revert sffdw:functions/protect_stage from pg

BEGIN;

DROP FUNCTION sffdw.protect_stage(sffdw.connection, sffdw.mapping, text, timestamptz);
DROP FUNCTION sffdw.read_unsent(sffdw.connection, sffdw.mapping, text, timestamptz);
DROP FUNCTION sffdw.logged_stamp(text);

COMMIT;
