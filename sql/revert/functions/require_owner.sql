-- Revert sffdw:functions/require_owner from pg

BEGIN;

DROP FUNCTION sffdw.require_owner(sffdw.connection);

COMMIT;
