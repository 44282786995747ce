-- Revert sffdw:functions/ask_records from pg

BEGIN;

DROP FUNCTION sffdw.ask_records(sffdw.connection, sffdw.mapping, text);
DROP TYPE sffdw.found_record;

COMMIT;
