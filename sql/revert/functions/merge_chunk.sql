-- Revert sffdw:functions/merge_chunk from pg

BEGIN;

DROP FUNCTION sffdw.merge_chunk(text, sffdw.merge_statement[], bigint, bigint);
DROP FUNCTION sffdw.write_merge(sffdw.connection, sffdw.mapping, text);
DROP TYPE sffdw.merged_rows;
DROP TYPE sffdw.merge_statement;

COMMIT;
