-- Revert sffdw:functions/compare_step from pg

BEGIN;

DROP FUNCTION sffdw.compare_step(sffdw.connection, timestamptz);
DROP FUNCTION sffdw.advance_comparison(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.choose_comparison(sffdw.connection, timestamptz);
DROP FUNCTION sffdw.compare_in_poll(sffdw.connection, sffdw.mapping, timestamptz);
DROP FUNCTION sffdw.verify_stored_page(sffdw.connection, sffdw.mapping, sffdw.verification);
DROP FUNCTION sffdw.open_verification(sffdw.connection, sffdw.mapping, timestamptz);

COMMIT;
