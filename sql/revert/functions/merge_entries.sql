-- Revert sffdw:functions/merge_entries from pg

BEGIN;

DROP FUNCTION sffdw.revive_inserts(sffdw.connection);
DROP FUNCTION sffdw.merge_entries(sffdw.connection);
DROP FUNCTION sffdw.group_entries(sffdw.connection, integer[]);
DROP TYPE sffdw.grouped_entry;
DROP FUNCTION sffdw.lock_mergeable(sffdw.connection);

COMMIT;
