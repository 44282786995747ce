-- Revert sffdw:functions/claim_entries from pg

BEGIN;

DROP FUNCTION sffdw.show_writing(sffdw.connection, boolean);
DROP FUNCTION sffdw.claim_entries(integer);
DROP FUNCTION sffdw.choose_entries(sffdw.connection, integer);

COMMIT;
