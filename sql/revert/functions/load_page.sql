-- Revert sffdw:functions/load_page from pg

BEGIN;

DROP FUNCTION sffdw.load_page(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.end_reading(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.finish_load(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.analyze_table(regclass);
DROP FUNCTION sffdw.begin_load(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.stage_missing(sffdw.connection, sffdw.mapping, text, text, text);
DROP FUNCTION sffdw.binary_sfid(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.last_record_id(text);
DROP FUNCTION sffdw.server_time(sffdw.connection);

COMMIT;
