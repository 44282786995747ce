-- Revert sffdw:functions/adopt_columns from pg

BEGIN;

DROP FUNCTION sffdw.match_paths(sffdw.connection, text, name[], text);
DROP FUNCTION sffdw.list_lookups(sffdw.connection, text, name[]);
DROP TYPE sffdw.named_lookup;
DROP FUNCTION sffdw.describe_adopted_paths(sffdw.connection, text, jsonb);
DROP FUNCTION sffdw.choose_adopted_fields(regclass, text, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.list_unfilled_columns(regclass, text, sffdw.described_field[], jsonb);
DROP FUNCTION sffdw.unmatched_columns(regclass, sffdw.described_field[]);
DROP FUNCTION sffdw.check_adopted_columns(regclass, text, sffdw.described_field[]);

COMMIT;
