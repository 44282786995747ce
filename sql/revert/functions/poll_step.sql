-- Revert sffdw:functions/poll_step from pg

BEGIN;

DROP FUNCTION sffdw.judge_step(text, jsonb, timestamptz);
DROP FUNCTION sffdw.start_poll(text, text, integer, interval);
DROP FUNCTION sffdw.poll_step(integer, boolean, timestamptz, timestamptz);
DROP FUNCTION sffdw.charge_run(integer, sffdw.run_bill);
DROP FUNCTION sffdw.open_bill(integer);
DROP FUNCTION sffdw.record_poll_error(integer, jsonb, timestamptz);
DROP FUNCTION sffdw.advance_mapping(integer, boolean, timestamptz, timestamptz);
DROP FUNCTION sffdw.due_mappings(integer, text, boolean, timestamptz);
DROP TYPE sffdw.run_bill;

COMMIT;
