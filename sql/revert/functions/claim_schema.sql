-- Revert sffdw:functions/claim_schema from pg

BEGIN;

DROP FUNCTION sffdw.claim_schema(name);

COMMIT;
