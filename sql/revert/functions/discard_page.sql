-- Revert sffdw:functions/discard_page from pg

BEGIN;

DROP FUNCTION sffdw.discard_page(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.finish_discard(sffdw.connection, sffdw.mapping, sffdw.write_release);
DROP FUNCTION sffdw.discard_by_page(sffdw.connection, sffdw.mapping, sffdw.write_release);
DROP FUNCTION sffdw.discard_changes(sffdw.connection, sffdw.mapping, sffdw.write_release);
DROP FUNCTION sffdw.tell_kept(sffdw.mapping, text);
DROP FUNCTION sffdw.discard_inserts(sffdw.connection, sffdw.mapping, sffdw.write_release);
DROP FUNCTION sffdw.discarded_entries(sffdw.connection, sffdw.mapping, sffdw.write_release, text, integer);

COMMIT;
