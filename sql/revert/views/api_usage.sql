-- Revert sffdw:views/api_usage from pg

BEGIN;

DROP VIEW sffdw.api_usage;

COMMIT;
