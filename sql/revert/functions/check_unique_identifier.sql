-- Revert sffdw:functions/check_unique_identifier from pg

BEGIN;

DROP FUNCTION sffdw.check_unique_identifier(text, sffdw.described_field[], text);

COMMIT;
