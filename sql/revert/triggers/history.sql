-- Revert sffdw:triggers/history from pg

BEGIN;

DROP FUNCTION sffdw.apply_history(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.seed_history(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.drop_history(name, name);
DROP FUNCTION sffdw.create_history_function(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.create_history_table(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.check_history_table(regclass);
DROP FUNCTION sffdw.history_columns(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.history_table(sffdw.connection, sffdw.mapping);

COMMIT;
