-- Revert sffdw:functions/create_connection from pg

BEGIN;

DROP FUNCTION sffdw.create_connection(text, text, text, text, jsonb, text, text);
DROP FUNCTION sffdw.enter_connection(text, name, name, name, text, jsonb, text);
DROP FUNCTION sffdw.check_xmlbinary_switch();
DROP FUNCTION sffdw.complete_search_path(text, name);
DROP FUNCTION sffdw.import_system_tables(name, name);
DROP FUNCTION sffdw.check_connection_options(text, jsonb);
DROP FUNCTION sffdw.check_connection_names(text, name, name);

COMMIT;
