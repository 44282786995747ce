-- Revert sffdw:functions/choose_entries from pg

BEGIN;

DROP FUNCTION sffdw.choose_entries(sffdw.connection, integer);
DROP FUNCTION sffdw.judge_entries(sffdw.connection, integer);
DROP FUNCTION sffdw.request_size(integer, text);
DROP FUNCTION sffdw.find_waits(sffdw.open_entry[], sffdw.open_link[]);
DROP FUNCTION sffdw.describe_wait(sffdw.open_link);
DROP FUNCTION sffdw.links_by_row(sffdw.connection, integer[]);
DROP FUNCTION sffdw.links_by_id(sffdw.connection, integer[], text[]);
DROP FUNCTION sffdw.linked_columns(integer);
DROP FUNCTION sffdw.open_entries(sffdw.connection, integer);
DROP TYPE sffdw.open_link;
DROP TYPE sffdw.open_entry;

COMMIT;
