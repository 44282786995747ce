-- Revert sffdw:functions/refuse_twins from pg

BEGIN;

DROP FUNCTION sffdw.refuse_twins(sffdw.connection, sffdw.mapping, integer[]);
DROP FUNCTION sffdw.find_twins(sffdw.connection, sffdw.mapping, integer[]);

COMMIT;
