-- Revert sffdw:functions/sync_runs from pg

BEGIN;

DROP FUNCTION sffdw.close_sync_run(sffdw.mapping, text, text);
DROP FUNCTION sffdw.count_sync_run(bigint, integer, sffdw.merge_count);
DROP FUNCTION sffdw.open_sync_run(sffdw.mapping, text);

COMMIT;
