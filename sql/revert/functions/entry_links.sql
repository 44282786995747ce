-- Revert sffdw:functions/entry_links from pg

BEGIN;

DROP FUNCTION sffdw.describe_wait(sffdw.open_link);
DROP FUNCTION sffdw.links_by_row(sffdw.connection, integer[]);
DROP FUNCTION sffdw.links_by_id(sffdw.connection, integer[], text[]);
DROP FUNCTION sffdw.linked_columns(integer);
DROP TYPE sffdw.open_link;

COMMIT;
