-- Revert sffdw:functions/start_run from pg

BEGIN;

DROP FUNCTION sffdw.rest_until(timestamptz, double precision);
DROP FUNCTION sffdw.rest(double precision);
DROP FUNCTION sffdw.end_run(integer, text, integer, jsonb);
DROP FUNCTION sffdw.start_run(text, text, integer, interval);
DROP FUNCTION sffdw.check_run(integer);
DROP FUNCTION sffdw.run_deadline(interval, timestamptz);

COMMIT;
