-- Revert sffdw:functions/poll_page from pg

BEGIN;

DROP FUNCTION sffdw.compare_page(sffdw.connection, sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.recent_page(sffdw.connection, sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.poll_page(sffdw.connection, sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.close_window(sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.open_window(sffdw.connection, sffdw.mapping, timestamptz);

COMMIT;
