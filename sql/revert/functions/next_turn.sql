-- Revert sffdw:functions/next_turn from pg

BEGIN;

DROP FUNCTION sffdw.next_turn(sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.is_due(sffdw.mapping, timestamptz);

COMMIT;
