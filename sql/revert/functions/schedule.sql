-- Revert sffdw:functions/schedule from pg

BEGIN;

DROP FUNCTION sffdw.schedule(integer, text);
DROP FUNCTION sffdw.list_jobs(text, integer);
DROP FUNCTION sffdw.rest_of_minute(timestamptz);
DROP FUNCTION sffdw.unschedule(text);
DROP FUNCTION sffdw.drop_jobs(text, text[]);
DROP FUNCTION sffdw.warn_cron_settings();
DROP FUNCTION sffdw.check_cron();
DROP FUNCTION sffdw.cron_setting(text);

COMMIT;
