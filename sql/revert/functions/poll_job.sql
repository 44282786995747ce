-- Revert sffdw:functions/poll_job from pg

BEGIN;

DROP FUNCTION sffdw.advance_poll_job(sffdw.connection, sffdw.mapping, boolean, timestamptz);
DROP FUNCTION sffdw.open_poll_job(sffdw.mapping);
DROP FUNCTION sffdw.consider_bulk(sffdw.connection, integer);

COMMIT;
