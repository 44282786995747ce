-- Revert sffdw:functions/ingest_step from pg

BEGIN;

DROP FUNCTION sffdw.ingest_step(integer);
DROP FUNCTION sffdw.make_job_step(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.is_passing(text);
DROP FUNCTION sffdw.judge_trouble(sffdw.connection, sffdw.ingest_job, jsonb);
DROP FUNCTION sffdw.lose_job(sffdw.connection, sffdw.ingest_job, jsonb);
DROP FUNCTION sffdw.judge_upload(sffdw.connection, sffdw.ingest_job, jsonb);
DROP FUNCTION sffdw.find_job_state(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.abort_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.watch_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.start_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.upload_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.create_ingest(sffdw.connection, sffdw.ingest_job);
DROP FUNCTION sffdw.give_up_job(sffdw.connection, sffdw.ingest_job, jsonb, interval);

COMMIT;
