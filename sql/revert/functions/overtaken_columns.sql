-- Revert sffdw:functions/overtaken_columns from pg

BEGIN;

DROP FUNCTION sffdw.leave_overtaken(sffdw.connection, sffdw.write_request[]);
DROP FUNCTION sffdw.strip_overtaken(sffdw.connection, integer[]);
DROP FUNCTION sffdw.copy_entries(sffdw.connection, integer[]);
DROP FUNCTION sffdw.overtaken_columns(sffdw.connection, text, integer, integer);

COMMIT;
