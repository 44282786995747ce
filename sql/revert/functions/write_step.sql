-- Revert sffdw:functions/write_step from pg

BEGIN;

DROP FUNCTION sffdw.judge_write(integer, text, boolean, timestamptz, timestamptz, jsonb, integer);
DROP FUNCTION sffdw.end_pass(integer, text, boolean, timestamptz);
DROP FUNCTION sffdw.is_late_batch(integer, timestamptz);
DROP FUNCTION sffdw.choose_stage(text, boolean);
DROP FUNCTION sffdw.has_open_writes(integer, timestamptz);
DROP FUNCTION sffdw.write_step(integer, text, uuid);

COMMIT;
