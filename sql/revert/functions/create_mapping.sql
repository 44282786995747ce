-- Revert sffdw:functions/create_mapping from pg

BEGIN;

DROP FUNCTION sffdw.create_mapping(text, text[], text, text, text[], interval, boolean, text, text, text[], text,
    text, text, text, integer, boolean, integer, boolean, boolean, text);
DROP FUNCTION sffdw.check_poll_interval(interval);
DROP FUNCTION sffdw.check_not_mapped(sffdw.connection, text);
DROP FUNCTION sffdw.set_field_flags(sffdw.mapping, sffdw.described_field[], text[]);
DROP FUNCTION sffdw.is_writable(sffdw.mapping, text);
DROP FUNCTION sffdw.add_mapping_fields(sffdw.mapping, sffdw.described_field[]);

COMMIT;
