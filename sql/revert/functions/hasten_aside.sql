-- Revert sffdw:functions/hasten_aside from pg

BEGIN;

DROP FUNCTION sffdw.hasten_aside(sffdw.connection, sffdw.mapping, integer[]);

COMMIT;
