-- Revert sffdw:functions/claim_entries from pg

BEGIN;

DROP FUNCTION sffdw.show_writing(sffdw.connection, boolean);
DROP FUNCTION sffdw.claim_entries(integer);
DROP FUNCTION sffdw.review_unsent(sffdw.connection);
DROP FUNCTION sffdw.awaits_org(integer);
DROP FUNCTION sffdw.throttles(text);
DROP FUNCTION sffdw.concerns_org(integer, text);
DROP FUNCTION sffdw.take_entries(sffdw.connection);
DROP FUNCTION sffdw.choose_deep(sffdw.connection);
DROP FUNCTION sffdw.choose_first(sffdw.connection);

COMMIT;
