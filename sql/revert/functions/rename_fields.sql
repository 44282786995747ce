-- Revert sffdw:functions/rename_fields from pg

BEGIN;

DROP FUNCTION sffdw.rename_mapping_fields(sffdw.connection, sffdw.mapping, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.rename_field(sffdw.connection, sffdw.mapping, sffdw.described_field[], text, text);
DROP FUNCTION sffdw.retag_live_column(sffdw.connection, sffdw.mapping, sffdw.described_field, name);
DROP FUNCTION sffdw.check_renaming(sffdw.connection, sffdw.mapping, sffdw.described_field, text, text);

COMMIT;
