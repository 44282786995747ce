-- Revert sffdw:functions/read_page from pg

BEGIN;

DROP FUNCTION sffdw.read_page(sffdw.connection, sffdw.mapping, text, text, text, timestamptz);
DROP FUNCTION sffdw.read_records(sffdw.connection, sffdw.mapping, text, text, text);
DROP FUNCTION sffdw.isolate_wide_records(sffdw.connection, sffdw.mapping, text, text, text, bigint);
DROP FUNCTION sffdw.fill_records(sffdw.connection, sffdw.mapping, text, text, text, int8range);
DROP FUNCTION sffdw.stage_records(sffdw.connection, sffdw.mapping, text, text, text, text, text, text);
DROP FUNCTION sffdw.keyset(timestamptz, text);
DROP FUNCTION sffdw.iso_time(timestamptz);

COMMIT;
