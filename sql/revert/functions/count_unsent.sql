-- Revert sffdw:functions/count_unsent from pg

BEGIN;

DROP FUNCTION sffdw.hold_limits(sffdw.connection, sffdw.mapping, sffdw.unsent_count);
DROP FUNCTION sffdw.hold_floor(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.has_unsent_beyond(sffdw.connection, text, bigint);
DROP FUNCTION sffdw.count_unsent(sffdw.connection, sffdw.mapping, sffdw.write_release);
DROP FUNCTION sffdw.has_discard(integer);
DROP FUNCTION sffdw.find_release(integer);
DROP FUNCTION sffdw.covered_entries(sffdw.write_release);
DROP TYPE sffdw.unsent_count;

COMMIT;
