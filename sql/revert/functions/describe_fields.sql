-- Revert sffdw:functions/describe_fields from pg

BEGIN;

DROP FUNCTION sffdw.describe_fields(sffdw.connection, text, text);
DROP TYPE sffdw.described_field;

COMMIT;
