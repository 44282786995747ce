-- Revert sffdw:functions/alter_mapping from pg

BEGIN;

DROP FUNCTION sffdw.alter_mapping(text, text[], text, text, text[], interval, boolean, text, text, text[], text, text,
    text, text, integer, boolean, integer, boolean, text[], text[], jsonb, boolean, text);
DROP FUNCTION sffdw.change_capture(sffdw.connection, sffdw.mapping, text, boolean);
DROP FUNCTION sffdw.change_indexes(sffdw.mapping, sffdw.described_field[], text[]);
DROP FUNCTION sffdw.change_fields(sffdw.connection, sffdw.mapping, sffdw.described_field[], text[], text[], text[]);
DROP FUNCTION sffdw.change_settings(sffdw.mapping, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.apply_row_filter(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.request_backfill(sffdw.mapping, sffdw.described_field[]);
DROP FUNCTION sffdw.extend_mapped_table(sffdw.connection, sffdw.mapping, sffdw.described_field[]);
DROP FUNCTION sffdw.drop_mapping_fields(sffdw.connection, sffdw.mapping, text[]);

COMMIT;
