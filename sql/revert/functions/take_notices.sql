-- Revert sffdw:functions/take_notices from pg

BEGIN;

DROP FUNCTION sffdw.take_notices(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.is_hastened(sffdw.connection, sffdw.mapping, timestamptz);

COMMIT;
