-- Revert sffdw:functions/adopt_mapping from pg

BEGIN;

DROP FUNCTION sffdw.adopt_mapping(sffdw.connection, jsonb);
DROP FUNCTION sffdw.apply_adopted_settings(sffdw.connection, sffdw.mapping, sffdw.described_field[], jsonb, text[]);
DROP FUNCTION sffdw.adopt_write_mode(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.import_adopted_table(sffdw.connection, text, name, sffdw.described_field[]);
DROP FUNCTION sffdw.describe_adopted_fields(sffdw.connection, text, regclass, jsonb);
DROP FUNCTION sffdw.adopted_config(jsonb);
DROP FUNCTION sffdw.indexed_fields(integer);
DROP FUNCTION sffdw.adopt_table(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.enter_adopted_mapping(sffdw.connection, text, boolean, jsonb, sffdw.described_field[], text, text[]);
DROP FUNCTION sffdw.adopted_names(text, jsonb, sffdw.described_field[], text);
DROP FUNCTION sffdw.check_adopted_keys(text, jsonb);

COMMIT;
