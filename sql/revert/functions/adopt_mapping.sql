-- Revert sffdw:functions/adopt_mapping from pg

BEGIN;

DROP FUNCTION sffdw.adopt_mapping(sffdw.connection, jsonb);
DROP FUNCTION sffdw.adopted_config(jsonb);
DROP FUNCTION sffdw.describe_adopted_paths(sffdw.connection, text, jsonb);
DROP FUNCTION sffdw.indexed_fields(integer);
DROP FUNCTION sffdw.adopt_table(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.enter_adopted_mapping(sffdw.connection, text, boolean, jsonb, sffdw.described_field[], text);
DROP FUNCTION sffdw.choose_adopted_fields(sffdw.connection, text, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.check_adopted_columns(sffdw.connection, text, sffdw.described_field[]);
DROP TYPE sffdw.finding;

COMMIT;
