-- Revert sffdw:functions/load_rule from pg

BEGIN;

DROP FUNCTION sffdw.renew_chunks(integer);
DROP FUNCTION sffdw.forget_job(sffdw.load_chunk, text, interval);
DROP FUNCTION sffdw.apply_load_rule(sffdw.connection, sffdw.mapping, sffdw.load_chunk, jsonb);
DROP FUNCTION sffdw.poll_through_rest(sffdw.mapping);
DROP FUNCTION sffdw.load_rule(text, integer, integer, boolean);

COMMIT;
