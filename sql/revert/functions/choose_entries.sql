-- Revert sffdw:functions/choose_entries from pg

BEGIN;

DROP FUNCTION sffdw.choose_entries(sffdw.connection, integer);
DROP FUNCTION sffdw.judge_entries(sffdw.connection, integer);
DROP FUNCTION sffdw.know_sfids(sffdw.connection, sffdw.open_entry[]);
DROP FUNCTION sffdw.request_size(integer, text, boolean);
DROP FUNCTION sffdw.find_waits(sffdw.open_entry[], sffdw.open_link[]);
DROP FUNCTION sffdw.has_candidates(sffdw.connection);
DROP FUNCTION sffdw.open_entries(sffdw.connection, integer);
DROP FUNCTION sffdw.is_suspect(integer, text);
DROP TYPE sffdw.open_entry;

COMMIT;
