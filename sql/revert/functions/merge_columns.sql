-- Revert sffdw:functions/merge_columns from pg

BEGIN;

DROP FUNCTION sffdw.unique_columns(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.merge_columns(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.job_operation(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.read_scope(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.live_expression(sffdw.connection, sffdw.mapping, name, text, text);
DROP FUNCTION sffdw.has_live_column(sffdw.connection, sffdw.mapping, name);
DROP FUNCTION sffdw.mapped_table(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.live_table(sffdw.connection, sffdw.mapping);

COMMIT;
