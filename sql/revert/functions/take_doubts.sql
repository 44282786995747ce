-- Revert sffdw:functions/take_doubts from pg

BEGIN;

DROP FUNCTION sffdw.has_unasked(sffdw.connection, sffdw.write_request[], timestamptz);
DROP FUNCTION sffdw.take_doubts(sffdw.connection);

COMMIT;
