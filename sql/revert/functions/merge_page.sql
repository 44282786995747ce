-- Revert sffdw:functions/merge_page from pg

BEGIN;

DROP FUNCTION sffdw.merge_page(sffdw.connection, sffdw.mapping, text, timestamptz, text);
DROP TYPE sffdw.merge_count;
DROP FUNCTION sffdw.announce_changes(text, text, integer[]);
DROP FUNCTION sffdw.defer_records(sffdw.mapping, text);
DROP FUNCTION sffdw.tell_refused(sffdw.mapping, text);
DROP FUNCTION sffdw.merge_stage(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.is_refused_alike(sffdw.mapping, text);
DROP FUNCTION sffdw.refuse_record(text, bigint, text);

COMMIT;
