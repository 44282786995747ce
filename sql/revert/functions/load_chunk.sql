-- Revert sffdw:functions/load_chunk from pg

BEGIN;

DROP FUNCTION sffdw.finish_indexes(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.lacks_load(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.is_load_over(integer);
DROP FUNCTION sffdw.advance_load(integer, boolean, timestamptz);
DROP FUNCTION sffdw.advance_chunk(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.read_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.take_page(sffdw.connection, sffdw.mapping, sffdw.load_chunk, text);
DROP FUNCTION sffdw.fitting_rows(sffdw.connection, bigint, bigint);
DROP FUNCTION sffdw.next_page_rows(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.first_page_rows(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.page_rows(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.insert_page(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.insert_plainly(text, text);
DROP FUNCTION sffdw.can_insert_plainly(sffdw.connection, sffdw.mapping, sffdw.load_chunk);

COMMIT;
