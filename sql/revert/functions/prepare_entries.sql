-- Revert sffdw:functions/prepare_entries from pg

BEGIN;

DROP FUNCTION sffdw.prepare_entries(integer);
DROP FUNCTION sffdw.requeue_archived(sffdw.connection);
DROP FUNCTION sffdw.ignore_deletes(sffdw.connection);
DROP FUNCTION sffdw.early_deletes(sffdw.connection);
DROP FUNCTION sffdw.entries_before_deletes(sffdw.connection);
DROP FUNCTION sffdw.ignore_updates(sffdw.connection);
DROP FUNCTION sffdw.ignore_entries(sffdw.connection, integer[], text);

COMMIT;
