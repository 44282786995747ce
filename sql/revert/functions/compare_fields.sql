-- Revert sffdw:functions/compare_fields from pg

BEGIN;

DROP FUNCTION sffdw.find_renamed(sffdw.mapping, jsonb);
DROP FUNCTION sffdw.compare_fields(sffdw.mapping, jsonb);
DROP FUNCTION sffdw.write_rights(jsonb);
DROP FUNCTION sffdw.is_required(jsonb);
DROP FUNCTION sffdw.without_values(jsonb, jsonb);
DROP FUNCTION sffdw.begin_known_fields(sffdw.mapping, jsonb);
DROP FUNCTION sffdw.described_fields_of(jsonb, text);
DROP FUNCTION sffdw.describe_type(jsonb);

COMMIT;
