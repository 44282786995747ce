-- Revert sffdw:functions/compare_record from pg

BEGIN;

DROP FUNCTION sffdw.is_same_record(integer, jsonb, jsonb);
DROP FUNCTION sffdw.compare_record(integer, jsonb, jsonb);
DROP FUNCTION sffdw.lookup_column(text);

COMMIT;
