-- Revert sffdw:functions/restore_records from pg

BEGIN;

DROP FUNCTION sffdw.restore_records(sffdw.connection, sffdw.mapping, text, sffdw.discarded_entry[], bigint, integer, timestamptz);
DROP FUNCTION sffdw.settle_rows(sffdw.connection, sffdw.mapping, text, text[]);
DROP FUNCTION sffdw.discard_entries(sffdw.connection, integer[]);
DROP TYPE sffdw.discarded_entry;

COMMIT;
