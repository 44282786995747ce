-- Revert sffdw:tables/verification from pg

BEGIN;

DROP TABLE sffdw.verification;

COMMIT;
