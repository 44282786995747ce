-- Revert sffdw:functions/adopt_settings from pg

BEGIN;

DROP FUNCTION sffdw.infer_config(sffdw.connection);
DROP FUNCTION sffdw.find_config(name, jsonb);
DROP FUNCTION sffdw.is_own_schema(name);
DROP FUNCTION sffdw.read_details(name);
DROP FUNCTION sffdw.adopted_options(jsonb);
DROP FUNCTION sffdw.check_config_keys(jsonb);
DROP FUNCTION sffdw.unknown_settings(jsonb, text[], text);
DROP TYPE sffdw.finding;

COMMIT;
