-- Revert sffdw:functions/create_mapped_table from pg

BEGIN;

DROP FUNCTION sffdw.create_mapped_table(name, name, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.skip_logged_ids(name, name);
DROP FUNCTION sffdw.check_table_shape(regclass, regclass);
DROP FUNCTION sffdw.mapped_columns(sffdw.described_field[], text);

COMMIT;
