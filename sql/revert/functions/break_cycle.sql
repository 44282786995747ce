-- Revert sffdw:functions/break_cycle from pg

BEGIN;

DROP FUNCTION sffdw.break_cycle(sffdw.connection);
DROP FUNCTION sffdw.split_entry(sffdw.connection, integer, text[]);
DROP FUNCTION sffdw.find_cycle(sffdw.connection);
DROP FUNCTION sffdw.find_ring(sffdw.open_entry[], sffdw.open_link[]);

COMMIT;
