-- Revert sffdw:functions/adopt_schema from pg

BEGIN;

DROP FUNCTION sffdw.adopt_schema(text, text, jsonb, boolean, boolean, boolean, text, text, text);
DROP FUNCTION sffdw.try_adoption(name, name, jsonb, boolean, boolean, text, text, text);
DROP FUNCTION sffdw.check_adopted_org(sffdw.connection, jsonb);
DROP FUNCTION sffdw.adopt_log(sffdw.connection);
DROP FUNCTION sffdw.adopt_mappings(sffdw.connection, jsonb, boolean);
DROP FUNCTION sffdw.check_adopted_calls(sffdw.connection, boolean);
DROP FUNCTION sffdw.adopted_table(jsonb);
DROP FUNCTION sffdw.find_schema_problem(name);
DROP FUNCTION sffdw.list_foreign_parts(name);

COMMIT;
