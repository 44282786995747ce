-- Revert sffdw:tables/api_call from pg

BEGIN;

DROP TABLE sffdw.api_call;

COMMIT;
