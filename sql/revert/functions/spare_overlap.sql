-- Revert sffdw:functions/spare_overlap from pg

BEGIN;

DROP FUNCTION sffdw.count_window(sffdw.mapping, text);
DROP FUNCTION sffdw.spares_overlap(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.knows_overlap(sffdw.mapping);
DROP FUNCTION sffdw.window_bound(timestamptz);
DROP FUNCTION sffdw.count_changes(sffdw.connection, sffdw.mapping);

COMMIT;
