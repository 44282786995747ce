-- Revert sffdw:functions/choose_fields from pg

BEGIN;

DROP FUNCTION sffdw.choose_fields(text, sffdw.described_field[], text[], text);

COMMIT;
