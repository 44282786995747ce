-- Revert sffdw:functions/first_look from pg

BEGIN;

DROP FUNCTION sffdw.look_first(sffdw.connection, sffdw.mapping, sffdw.verification);
DROP FUNCTION sffdw.looks_equal(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.may_look_first(sffdw.connection, sffdw.mapping, sffdw.verification);

COMMIT;
