-- Revert sffdw:functions/check_fields from pg

BEGIN;

DROP FUNCTION sffdw.check_fields(text, sffdw.described_field[], text[]);

COMMIT;
