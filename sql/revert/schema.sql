-- Revert sffdw:schema from pg

BEGIN;

DROP SCHEMA sffdw;

COMMIT;
