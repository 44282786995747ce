-- Revert sffdw:functions/load_job from pg

BEGIN;

DROP FUNCTION sffdw.discard_jobs(sffdw.connection, sffdw.mapping);
DROP FUNCTION sffdw.watch_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.create_job(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.enter_load_state(sffdw.mapping, text);
DROP FUNCTION sffdw.load_select(sffdw.connection, sffdw.mapping, text);
DROP FUNCTION sffdw.load_query(sffdw.connection, sffdw.mapping, sffdw.load_chunk);
DROP FUNCTION sffdw.window_condition(sffdw.mapping);
DROP FUNCTION sffdw.job_purpose(sffdw.mapping);

COMMIT;
