-- Revert sffdw:views/write_errors from pg

BEGIN;

DROP VIEW sffdw.write_errors;

COMMIT;
