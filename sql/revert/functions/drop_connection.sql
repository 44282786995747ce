-- Revert sffdw:functions/drop_connection from pg

BEGIN;

DROP FUNCTION sffdw.drop_connection(boolean, text);
DROP FUNCTION sffdw.part_with_intents(sffdw.connection);
DROP FUNCTION sffdw.give_back(sffdw.connection);
DROP FUNCTION sffdw.drop_empty_schema(name);
DROP FUNCTION sffdw.drop_connection_tables(sffdw.connection);

COMMIT;
